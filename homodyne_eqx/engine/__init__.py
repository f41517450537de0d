from .compressed import compressed as compressed, jacobian_of as jacobian_of, residual_of as residual_of
from .losses import Cauchy as Cauchy, Huber as Huber, SoftL1 as SoftL1
from .normal import NormalEquations as NormalEquations, normal_equations as normal_equations
from .packing import Packed as Packed, PackedTiles as PackedTiles, pack as pack
from .reductions import chi_squared as chi_squared, with_best_scaling as with_best_scaling
