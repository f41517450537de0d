from .descent import descend as descend
from .least_squares import fit as fit
from .minimise import Iteration as Iteration
from .result import FitResult as FitResult, Parameter as Parameter
