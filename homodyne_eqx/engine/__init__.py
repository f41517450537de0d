from .best_scaling import with_best_scaling as with_best_scaling
from .chi_squared import chi_squared as chi_squared
from .equivalent_residual import compressed as compressed, jacobian_of as jacobian_of, residual_of as residual_of
from .losses import (
    AbstractLoss as AbstractLoss,
    Cauchy as Cauchy,
    Huber as Huber,
    SoftL1 as SoftL1,
    Squares as Squares,
)
from .normal_equations import NormalEquations as NormalEquations, normal_equations as normal_equations
from .packed_data import AbstractPacked as AbstractPacked
from .packed_maps import Packed as Packed, PackedTiles as PackedTiles
from .packed_pairs import PackedPairs as PackedPairs
from .packing import pack as pack, pack_maps as pack_maps
