from .normal import NormalEquations as NormalEquations, normal_equations as normal_equations
from .packing import Packed as Packed, PackedTiles as PackedTiles, pack as pack
