from .abstract_problem import AbstractProblem as AbstractProblem, residual as residual
from .estimate import estimate as estimate
from .fit_input import FitInput as FitInput
from .fit_many import fit_many as fit_many
from .gradient_descent import descend as descend
from .least_squares import fit as fit
from .log_density import LogDensity as LogDensity, log_density as log_density
from .minimiser import Minimiser as Minimiser
from .optimistix_problem import least_squares_problem as least_squares_problem
from .parameter import Parameter as Parameter
from .priors.prior import (
    AbstractPrior as AbstractPrior,
    LogNormal as LogNormal,
    Normal as Normal,
    Uniform as Uniform,
)
from .problem import Problem as Problem
from .result.derived import Curve as Curve
from .result.fit_result import FitResult as FitResult
from .solve.ended import Ended as Ended
from .solve.minimise import Iteration as Iteration
from .solve.minimum import Minimum as Minimum
from .starts.block_average import BlockAverage as BlockAverage
from .starts.given_starts import Starts as Starts
from .starts.scan import Scan as Scan
from .starts.stage import AbstractStage as AbstractStage
from .starts.tile_subset import TileSubset as TileSubset
from .starts.waypoint import Waypoint as Waypoint
from .uncertainty.speckle_covariance import (
    SpeckleCovariance as SpeckleCovariance,
    speckle_covariance as speckle_covariance,
)
