"""Fits of several data sets at once, and `fit` itself, which takes one or several."""

from .fitting import fit as fit
from .joint_result import JointResult as JointResult
