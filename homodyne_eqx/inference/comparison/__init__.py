"""Which of several models of the same data: criteria, tests, cross-validation, and what they say in words."""

from .compare import compare as compare
from .comparison import Comparison as Comparison
from .entry import ComparedModel as ComparedModel
from .model_test import ModelTest as ModelTest
