"""Profiles of χ² along one parameter or two, and the intervals and contours that follow from them."""

from .contour import Contour as Contour
from .from_document import from_document as from_document
from .profile import Profile as Profile
from .profiling import profile as profile
