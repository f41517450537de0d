"""Fits to consecutive blocks of frames, and how their parameters scatter."""

from typing import Any

from ..data import TwoTimeData
from ..fit.least_squares import fit
from ..fit.solve.ended import Ended
from ..physics.model import TwoTimeModel
from .replicates import FEWEST, Replicates, replicates_of

_FEWEST_FRAMES = 3


def blocks_of_frames(model: TwoTimeModel, data: TwoTimeData, n_blocks: int = 8, **fit_arguments: Any) -> Replicates:
    """Cut the frames of one measurement into consecutive blocks, fit each block separately, and compare the fits.

    A block is a square on the diagonal of the maps: pairs of frames of which both are in the block. Frame times keep
    their origin, so that a rate that depends on the age of the sample means the same in every block.

    **Arguments:**

    - `model`: the start of every fit; `data`: the whole measurement;
    - `n_blocks`: at least 3. Blocks have n_t // n_blocks frames; the frames that are left over at the end are not used;
    - `fit_arguments`: as of `fit`: `fixed`, `bounds`, `loss` and others.

    `single_covariance` is the covariance of a fit to one block, and `covariance` that of the mean over the blocks.
    Neither is that of the fit to the whole map, which also uses pairs of frames from different blocks, that is all lags
    longer than a block.

    Assumptions: the blocks are independent, so a block should be longer than the decay of the correlation; otherwise
    neighbouring blocks share speckles, and a block may not determine its parameters. The model holds at every age: if a
    rate changes with age and the model does not describe this, the blocks differ. `consistency` then shows the
    difference, and the covariances include it.

    **Returns:** `Replicates`; its `labels` say which frames each block has.

    **Raises:** `TypeError` for packed data; `ValueError` for too few blocks or frames, and for blocks that did not
    converge; and the errors of `fit`, with a note that names the block.
    """
    if not isinstance(data, TwoTimeData):
        raise TypeError(f"data is a {type(data).__name__}; expected TwoTimeData, whose frames can be cut into blocks.")
    if n_blocks < FEWEST:
        raise ValueError(f"n_blocks is {n_blocks}; expected at least {FEWEST}: fewer do not tell how fits scatter.")
    width = data.n_t // n_blocks
    if width < _FEWEST_FRAMES:
        raise ValueError(
            f"{n_blocks} blocks of {data.n_t} frames have {width} each; expected at least {_FEWEST_FRAMES}. "
            f"Pass n_blocks of at most {data.n_t // _FEWEST_FRAMES}."
        )
    labels, results = [], []
    for first in range(0, width * n_blocks, width):
        labels.append(f"frames {first}–{first + width - 1}")
        try:
            result = fit(model, data.select(frames=(first, first + width)), **fit_arguments)
        except Exception as error:
            error.add_note(f"This was in the fit to the {labels[-1]}, one of {n_blocks} blocks.")
            raise
        if result.ended == Ended.INTERRUPTED:
            raise KeyboardInterrupt
        results.append(result)
    left = data.n_t - width * n_blocks
    notes = (f"not used: the last {left} of {data.n_t} frames",) if left else ()
    return replicates_of(results, "block", tuple(labels), notes)
