from .gradient_descent import descend as descend
from .least_squares import fit as fit
from .optimistix_problem import least_squares_problem as least_squares_problem
from .parameter import Parameter as Parameter
from .problem import Problem as Problem, residual as residual
from .result.derived import Curve as Curve
from .result.fit_result import FitResult as FitResult
from .solve.minimise import Iteration as Iteration
