from .descent import descend as descend
from .embedding import least_squares_problem as least_squares_problem
from .least_squares import fit as fit
from .minimise import Iteration as Iteration
from .problem import Problem as Problem, residual as residual
from .result import FitResult as FitResult, Parameter as Parameter
