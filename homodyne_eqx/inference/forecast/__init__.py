"""Predictions of other measurements from a fitted model, and the uncertainties that other measurements would give."""

from .design import Design as Design, DesignCandidate as DesignCandidate, design as design
from .expected_uncertainty import (
    expected_covariance as expected_covariance,
    expected_uncertainty as expected_uncertainty,
)
from .predict import predict as predict
from .prediction import Prediction as Prediction
