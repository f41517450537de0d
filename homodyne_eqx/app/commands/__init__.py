"""The commands, one in each file."""

from .batch import batch as batch
from .compare import compare as compare
from .config import config as config
from .convert import convert as convert
from .demo import demo as demo
from .fit import fit as fit
from .inspect import inspect as inspect
from .plot import plot as plot
from .profile import profile as profile
from .report import report as report
from .sample import sample as sample
from .simulate import simulate as simulate
