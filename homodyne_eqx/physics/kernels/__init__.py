from .abstract import (
    AbstractDifferenceKernel as AbstractDifferenceKernel,
    AbstractKernel as AbstractKernel,
    AbstractSineKernel as AbstractSineKernel,
)
from .exponential import Exponential as Exponential, Stretched as Stretched
from .gaussian import Gaussian as Gaussian
from .sinc import GapAverage as GapAverage, SincSquared as SincSquared, convert_shear_rate as convert_shear_rate
