"""A stage that fits maps averaged over blocks of frames first."""

from typing import ClassVar, final

from ...data import block_averaged
from ...engine import pack
from ..fit_input import FitInput
from ..minimiser import Minimiser
from .stage import AbstractStage
from .waypoint import Waypoint


@final
class BlockAverage(AbstractStage):
    """Fit maps averaged over blocks of `frames` × `frames` frames first.

    For a start that is far off, if the motion is slow compared with the frames: such maps are `frames`² times smaller.
    If the correlation decays within a block, its mean is not the correlation at the mean time; the following fit to all
    data corrects this.

    **Arguments:** `frames`: frames a block, 2 or more.
    """

    frames: int = 4
    seconds_key: ClassVar[str] = "first_stages"

    def __check_init__(self) -> None:
        if isinstance(self.frames, bool) or self.frames < 2:
            raise ValueError(f"BlockAverage has {self.frames} frames a block; expected a whole number, 2 or more.")

    def check(self, fit_input: FitInput) -> None:
        """**Raises:** `TypeError` for packed data."""
        if fit_input.maps is None:
            raise TypeError(
                "Packed data cannot be averaged over blocks of frames. Pass the TwoTimeData, or leave out BlockAverage "
                "(coarse)."
            )

    def __call__(self, waypoint: Waypoint, fit_input: FitInput, minimiser: Minimiser) -> Waypoint:
        assert fit_input.maps is not None
        return minimiser.waypoint_at_minimum(waypoint, pack(block_averaged(fit_input.maps, self.frames)))
