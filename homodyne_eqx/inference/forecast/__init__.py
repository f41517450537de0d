"""What a fitted model says of another measurement, and what another measurement would say of a model."""

from .design import Design as Design, DesignCandidate as DesignCandidate, design as design
from .expected_uncertainty import (
    expected_covariance as expected_covariance,
    expected_uncertainty as expected_uncertainty,
)
from .predict import predict as predict
from .prediction import Prediction as Prediction
