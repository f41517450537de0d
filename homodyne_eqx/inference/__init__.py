"""Comparisons of models, and the certainty of their parameters: intervals, posteriors, estimates from several fits."""

from .blocks_of_frames import blocks_of_frames as blocks_of_frames
from .bootstrap import Bootstrap as Bootstrap, bootstrap as bootstrap
from .comparison import (
    ComparedModel as ComparedModel,
    Comparison as Comparison,
    ModelTest as ModelTest,
    compare as compare,
)
from .forecast import (
    Design as Design,
    DesignCandidate as DesignCandidate,
    Prediction as Prediction,
    design as design,
    expected_covariance as expected_covariance,
    expected_uncertainty as expected_uncertainty,
    predict as predict,
)
from .posterior import Posterior as Posterior, sample as sample
from .profiles import Contour as Contour, Profile as Profile, profile as profile
from .rate_law import RateLaw as RateLaw, rate_law as rate_law
from .replicates import (
    Consistency as Consistency,
    Replicates as Replicates,
    from_replicates as from_replicates,
)
