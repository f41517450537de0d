from .abstract import (
    AbstractIntegrableRate as AbstractIntegrableRate,
    AbstractRate as AbstractRate,
    RateSum as RateSum,
    Scaled as Scaled,
    closed_form as closed_form,
)
from .constant import Constant as Constant, as_rate as as_rate
from .events import Events as Events
from .exponential_share import ExponentialShare as ExponentialShare
from .frozen import FrozenRate as FrozenRate
from .network import Network as Network
from .oscillating import Oscillating as Oscillating
from .power_law import PowerLaw as PowerLaw
from .relaxing import Relaxing as Relaxing
from .spline import MonotoneSpline as MonotoneSpline, Spline as Spline
from .stokes_einstein import (
    StokesEinstein as StokesEinstein,
    stokes_einstein_coefficient as stokes_einstein_coefficient,
)
