"""The comparison of several models of the same data: criteria, tests, cross-validation, and their result in words."""

from .compare import compare as compare
from .comparison import Comparison as Comparison
from .entry import ComparedModel as ComparedModel
from .model_test import ModelTest as ModelTest
