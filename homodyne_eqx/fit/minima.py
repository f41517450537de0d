"""The minima of χ² that several starts of one fit lead to, and the deepest of them."""

from typing import NamedTuple

import numpy as np

from ..engine import AbstractPacked
from ..physics.model import TwoTimeModel
from .free_parameters import FreeParameters
from .minimiser import Minimiser
from .problem import NotFiniteAtStart
from .solve.ended import Ended
from .solve.minimise import Outcome
from .solve.minimum import Minimum
from .starts.candidates import Candidates, candidates
from .starts.search import search, spread_evenly
from .starts.search_space import search_space

_TRIAL_STEPS = 40
_GONE_ON_FROM = 4
_AT_NOISE = 5.0
_DEEPER = 5.0


class Reached(NamedTuple):
    """A minimisation: the model at its end, and how it was reached."""

    fitted: TwoTimeModel
    outcome: Outcome

    @property
    def chi2(self) -> float:
        chi2 = float(self.outcome.normal.chi2)
        return chi2 if np.isfinite(chi2) and self.outcome.ended != Ended.NOT_FINITE else np.inf


class Comparison(NamedTuple):
    """The deepest minimum, all of them (the deepest first), and sentences on what was compared."""

    best: Reached
    minima: tuple[Minimum, ...]
    notes: tuple[str, ...]


def deepest_minimum(
    own: Reached,
    free_parameters: FreeParameters,
    packed: AbstractPacked,
    minimiser: Minimiser,
    estimated: bool,
    drawn: int,
) -> Comparison:
    """The minimum that the start of a fit led to, compared with those of other starts.

    **Arguments:** `own`: where the fit has come to; `estimated`: whether a start that is found from the data is
    compared, unless χ² is already that of the noise; `drawn`: how many starts are drawn within the search space.
    """
    names = [p.name for p in free_parameters.free]
    found, notes = _Minima(names, [own], [1]), []
    if minimiser.max_steps == 0 or own.outcome.interrupted or not names:
        return Comparison(own, found.listed(), ())
    if not drawn and not (estimated and _above_noise(own.chi2, packed, len(names))):
        return Comparison(own, found.listed(), ())
    try:
        few = candidates(minimiser.model, free_parameters, packed)
        if estimated:
            notes += _follow_estimate(found, few, free_parameters, packed, minimiser)
        if drawn:
            notes += _follow_drawn(found, few, free_parameters, packed, minimiser, drawn)
    except KeyboardInterrupt:
        notes.append("interrupted before all starts were compared")
    return Comparison(found.best, found.listed(), tuple(notes))


class _Minima:
    """Distinct minima, and how many starts led to each."""

    def __init__(self, names: list[str], reached: list[Reached], counts: list[int]):
        self.names, self.reached, self.counts = names, reached, counts

    def add(self, reached: Reached, n: int = 1) -> int:
        """Count starts that led there. **Returns:** the number of the minimum."""
        for k, other in enumerate(self.reached):
            if abs(other.chi2 - reached.chi2) <= 1e-4 * max(other.chi2, 1.0):
                self.counts[k] += n
                if other.outcome.ended != Ended.CONVERGED == reached.outcome.ended:
                    self.reached[k] = reached
                return k
        self.reached.append(reached)
        self.counts.append(n)
        return len(self.reached) - 1

    @property
    def best(self) -> Reached:
        return min(self.reached, key=lambda each: each.chi2)

    def listed(self) -> tuple[Minimum, ...]:
        listed = [
            Minimum(
                float(each.outcome.normal.chi2),
                dict(zip(self.names, each.outcome.parameters.tolist(), strict=True)),
                each.outcome.ended,
                count,
            )
            for each, count in zip(self.reached, self.counts, strict=True)
        ]
        return tuple(sorted(listed, key=lambda each: (not np.isfinite(each.chi2), each.chi2)))


def _above_noise(chi2: float, packed: AbstractPacked, n_params: int) -> bool:
    """Whether χ² is larger than independent noise of the given size makes it, so that a deeper minimum may exist."""
    degrees = max(int(packed.n_pairs) - n_params, 1)
    return not chi2 / degrees < 1 + _AT_NOISE * np.sqrt(2 / degrees)


def _follow_estimate(
    found: _Minima, few: Candidates, free_parameters: FreeParameters, packed: AbstractPacked, minimiser: Minimiser
) -> list[str]:
    """Minimise from the start found in the data, if χ² is less there than where the fit stands."""
    own = found.reached[0]
    there = own.outcome.parameters if np.isfinite(own.chi2) else free_parameters.array("value")
    of_own = float(few.chi2_and_level(there[None, :])[0][0])
    parameters, of_estimate = search(few, free_parameters)
    per_pair = max(1.0, of_own / max(int(few.packed.n_pairs), 1))
    if not of_estimate < of_own - _DEEPER * len(found.names) * per_pair:
        return []
    start = free_parameters.started(dict(zip(found.names, parameters.tolist(), strict=True)))
    before, reached = own.chi2, _followed(start, packed, minimiser)
    if reached is None:
        return []
    k = found.add(reached)
    if k == 0 or found.reached[k].chi2 >= before:
        return []
    return [
        f"a start estimated from the data led to χ² = {found.reached[k].chi2:.6g}; the start of the model led to "
        f"{before:.6g}, in another minimum"
    ]


def _follow_drawn(
    found: _Minima,
    few: Candidates,
    free_parameters: FreeParameters,
    packed: AbstractPacked,
    minimiser: Minimiser,
    drawn: int,
) -> list[str]:
    """Follow starts that are spread evenly over the search space, on few frames, and the best of them on all data."""
    space = search_space(free_parameters, lambda parameters: few.chi2_and_level(parameters)[1])
    if not space.coordinates:
        return ["no start was drawn: the free parameters have no range to draw from"]
    starts = space.parameters(spread_evenly(drawn, len(space.coordinates), seed=0))
    trials: list[tuple[float, FreeParameters, int]] = []
    for values in starts:
        start = free_parameters.started(dict(zip(found.names, values.tolist(), strict=True)))
        trial = minimiser.trial(start, few.packed, _TRIAL_STEPS)
        if trial is None:
            continue
        same = [k for k, (chi2, _, _) in enumerate(trials) if abs(chi2 - trial.chi2) <= 1e-3 * max(chi2, 1.0)]
        if same:
            chi2, reached, n = trials[same[0]]
            trials[same[0]] = (chi2, reached, n + 1)
        else:
            trials.append((trial.chi2, trial.reached, 1))
        if trial.interrupted:
            raise KeyboardInterrupt
    trials.sort(key=lambda each: each[0])
    for _, reached, n in trials[:_GONE_ON_FROM]:
        followed = _followed(reached, packed, minimiser)
        if followed is not None:
            found.add(followed, n)
    n_followed = sum(n for _, _, n in trials[:_GONE_ON_FROM])
    return [
        f"{drawn} starts were drawn and followed on {few.packed.geometry.n_t} frames, to {len(trials)} minima; the "
        f"deepest of these, of {n_followed} starts, were followed on all"
    ]


def _followed(start: FreeParameters, packed: AbstractPacked, minimiser: Minimiser) -> Reached | None:
    """The end of a fit to all data from a start; `None` if χ² is not finite there, which a few frames need not show."""
    try:
        return Reached(*minimiser.minimum(start, packed))
    except NotFiniteAtStart:
        return None
