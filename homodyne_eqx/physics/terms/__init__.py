from .abstract import (
    AbstractAmountTerm as AbstractAmountTerm,
    AbstractTerm as AbstractTerm,
    Nodes as Nodes,
    Product as Product,
)
from .anomalous_diffusion import AnomalousDiffusion as AnomalousDiffusion
from .ballistic import Ballistic as Ballistic
from .diffusion import Diffusion as Diffusion
from .distribution import Distribution as Distribution
from .drift import Drift as Drift
from .echo import Echo as Echo
from .non_affine import NonAffine as NonAffine
from .oscillator import DampedOscillation as DampedOscillation, OrnsteinUhlenbeck as OrnsteinUhlenbeck
from .poiseuille import Poiseuille as Poiseuille
from .populations import Populations as Populations
from .relaxation import Relaxation as Relaxation
from .shear import Shear as Shear
from .static import Static as Static
from .transit import Transit as Transit
from .two_components import TwoComponents as TwoComponents
from .velocity_profile import (
    AbstractProfile as AbstractProfile,
    ShearBands as ShearBands,
    VelocityProfile as VelocityProfile,
    WallSlip as WallSlip,
)
from .wrapped import Frozen as Frozen, Shared as Shared
