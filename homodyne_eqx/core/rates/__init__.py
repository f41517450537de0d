from .abstract import AbstractIntegrableRate as AbstractIntegrableRate, AbstractRate as AbstractRate
from .constant import Constant as Constant
from .power_law import PowerLaw as PowerLaw
