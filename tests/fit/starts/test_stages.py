"""Stages before a fit: run in the order given, by short forms as by name, of one's own, and never in the way."""

import gc
import inspect
import weakref
from typing import ClassVar, final

import numpy as np
import pytest
from steady import HELD, START, model, simulated

import homodyne_eqx as hx
from homodyne_eqx.fit import FitInput, Minimiser, Waypoint
from homodyne_eqx.fit.starts import block_average as block_average_module
from homodyne_eqx.fit.starts.short_forms import stages_of

N_T = 30
NEAR = {"D0": 3.1e4, "gamma_dot_t0": 1.9e-3, "phi0": 11.0}


@final
class Recording(hx.AbstractStage):
    """Writes down that it ran and from where, and leaves D0 at a value of its own, if it has one."""

    name: str
    seen: list
    D0: float | None = None
    seconds_key: ClassVar[str] = "recording"

    def check(self, fit_input: FitInput) -> None:
        self.seen.append(("check", self.name))

    def __call__(self, waypoint: Waypoint, fit_input: FitInput, minimiser: Minimiser) -> Waypoint:
        (at,) = (p.value for p in waypoint.reached.free if p.name == "D0")
        self.seen.append((self.name, at))
        if self.D0 is None:
            return waypoint
        notes = (*waypoint.notes, f"{self.name} was here")
        return Waypoint(waypoint.start, waypoint.reached.started({"D0": self.D0}), notes)


@final
class Breaking(hx.AbstractStage):
    """Ctrl-C within a stage, where no minimisation catches it."""

    seconds_key: ClassVar[str] = "breaking"

    def check(self, fit_input: FitInput) -> None: ...

    def __call__(self, waypoint: Waypoint, fit_input: FitInput, minimiser: Minimiser) -> Waypoint:
        raise KeyboardInterrupt


@pytest.fixture(scope="module")
def data():
    return simulated(N_T)


def fit(data, start=NEAR, **options):
    return hx.fit(model(**start), data, fixed=HELD, **options)


def same(a, b):
    """The same fit, bit for bit."""
    assert (a.chi2, a.ended, a.message, a.notes) == (b.chi2, b.ended, b.message, b.notes)
    assert [step.chi2 for step in a.history] == [step.chi2 for step in b.history]
    assert [p.value for p in a.parameters.values()] == [p.value for p in b.parameters.values()]
    np.testing.assert_array_equal(a.covariance, b.covariance)
    assert set(a.seconds) == set(b.seconds)


@pytest.mark.slow
def test_stages_run_in_their_order_each_from_where_the_one_before_has_led(data):
    seen = []
    stages = [Recording("one", seen, 2e4), Recording("idle", seen), Recording("two", seen, 2.5e4)]
    result = fit(data, stages=stages)
    assert seen[:3] == [("check", "one"), ("check", "idle"), ("check", "two")]
    assert [name for name, _ in seen[3:]] == ["one", "idle", "two"]
    assert [at for _, at in seen[3:]] == pytest.approx([NEAR["D0"], 2e4, 2e4])
    assert result.history[0].parameters[0] == pytest.approx(2.5e4, rel=1e-5)
    assert result.parameters["D0"].start == pytest.approx(NEAR["D0"])
    assert result.notes == ("one was here", "two was here")
    assert 0 < result.seconds["recording"] < result.seconds["total"]
    seen.clear()
    fit(data, stages=stages[::-1])
    assert [name for name, _ in seen[3:]] == ["two", "idle", "one"]


def test_a_stage_that_has_nothing_to_do_takes_no_time_and_no_stages_is_a_single_minimisation(data):
    seen, counted = [], []
    idle = fit(data, stages=(Recording("idle", seen),))
    assert len(seen) == 2
    assert set(idle.seconds) == {"total", "packing", "first_step"}
    plain = fit(data, stages=(), callback=counted.append)
    assert [step.number for step in counted] == list(range(len(plain.history)))
    same(idle, plain)
    same(fit(data), plain)


@pytest.mark.x64
@pytest.mark.slow
def test_short_forms_are_the_stages_they_stand_for(data):
    short = fit(data, START, coarse=2)
    same(short, fit(data, START, stages=(hx.Scan(), hx.BlockAverage(2), hx.TileSubset())))
    assert "first_stages" in short.seconds
    starts = [{"phi0": 40.0}, {"D0": 2e4}]
    listed = fit(data, starts=starts)
    same(listed, fit(data, stages=(hx.Starts(starts), hx.TileSubset())))
    assert "starts" in listed.seconds


@pytest.mark.parametrize(
    ("flags", "stages"),
    [
        ({}, (hx.Scan(), hx.TileSubset())),
        ({"coarse": 1}, (hx.Scan(), hx.TileSubset())),
        ({"coarse": 4}, (hx.Scan(), hx.BlockAverage(4), hx.TileSubset())),
        ({"sample": False}, (hx.Scan(),)),
        ({"scan": False}, (hx.TileSubset(),)),
        ({"scan": False, "coarse": 3, "sample": False}, (hx.BlockAverage(3),)),
    ],
)
def test_every_short_form(flags, stages):
    assert stages_of(None, None, flags) == stages
    given = [{"D0": 1.0}, {}]
    assert stages_of(None, given, flags) == (hx.Starts(given), *[s for s in stages if not isinstance(s, hx.Scan)])


def test_what_is_no_argument_and_no_stage_is_refused(data):
    with pytest.raises(TypeError, match="no argument corse") as refused:
        fit(data, corse=4)
    keywords = [name for name, p in inspect.signature(hx.fit).parameters.items() if p.kind is p.KEYWORD_ONLY]
    assert all(f"{name}," in f"{refused.value} ".replace(".", ",") for name in [*keywords, "scan", "coarse", "sample"])
    for beside in ({"coarse": 4}, {"scan": False}, {"starts": [{}]}):
        with pytest.raises(TypeError, match=f"together with {next(iter(beside))}"):
            fit(data, stages=(), **beside)
    for wrong in (hx.BlockAverage(4), hx.Scan, [hx.Scan], ["scan"]):
        with pytest.raises(TypeError, match="expected a tuple of stages"):
            stages_of(wrong, None, {})
    for value in (0, -2, 2.5):
        with pytest.raises(ValueError, match="coarse is"):
            fit(data, coarse=value)
    with pytest.raises(TypeError, match="True or False"):
        fit(data, scan=3)


def test_settings_that_mean_nothing_are_refused():
    for frames in (1, 0, -3):
        with pytest.raises(ValueError, match="frames a block"):
            hx.BlockAverage(frames)
    for settings in ({"spacing": 0.0}, {"lowest": 1.2}, {"highest": 0.9}, {"lowest": 1.0, "highest": 1.0}):
        with pytest.raises(ValueError, match="lowest ≤ 1 ≤ highest"):
            hx.Scan(**settings)
    for settings in ({"fewest_values": 1}, {"most_values": 4}):
        with pytest.raises(ValueError, match="fewest_values"):
            hx.Scan(**settings)
    for stage in (hx.Scan, lambda **settings: hx.Starts([{}], **settings)):
        for settings in ({"steps": -1}, {"pairs_kept": 0}):
            with pytest.raises(ValueError, match="pairs_kept"):
                stage(**settings)


def test_what_a_stage_cannot_do_is_found_before_any_is_run(data):
    seen = []
    with pytest.raises(TypeError, match="cannot be averaged"):
        fit(hx.pack(data), stages=(Recording("first", seen), hx.BlockAverage(2)))
    with pytest.raises(ValueError, match="not free"):
        fit(data, stages=(Recording("second", seen), hx.Starts([{"omega": 1.0}])))
    assert seen == [("check", "first"), ("check", "second")]


def test_ctrl_c_within_a_stage_ends_the_fit_where_it_stands(data):
    seen, steps = [], []
    stages = (Recording("one", seen, 2e4), Breaking(), Recording("never", seen, 3e4))
    result = fit(data, stages=stages, callback=steps.append)
    assert result.ended is hx.Ended.INTERRUPTED
    assert [name for name, _ in seen[2:]] == ["one"]
    assert [step.number for step in steps] == [0]
    assert result.parameters["D0"].value == pytest.approx(2e4, rel=1e-5)
    assert "breaking" in result.seconds


def test_ctrl_c_between_trials_keeps_the_best_of_them(data, monkeypatch):
    trials, original = [], Minimiser.trial

    def trial(self, *arguments):
        if len(trials) == 2:
            raise KeyboardInterrupt
        trials.append(original(self, *arguments))
        return trials[-1]

    monkeypatch.setattr(Minimiser, "trial", trial)
    result = fit(data, starts=[{"phi0": 60.0}, {"phi0": 12.0}, {}])
    assert result.ended is hx.Ended.INTERRUPTED
    assert result.notes[0].endswith("number 2")
    assert result.chi2 <= trials[1].chi2 * 1.001 < trials[0].chi2
    (reached,) = (p.value for p in trials[1].reached.free if p.name == "phi0")
    assert result.history[-1].parameters[2] == pytest.approx(reached, rel=1e-5)


@pytest.mark.slow
def test_what_a_stage_has_packed_is_let_go(data, monkeypatch):
    packed, original = [], block_average_module.pack

    def remembered(*arguments):
        result = original(*arguments)
        packed.append(weakref.ref(result.values))
        return result

    alive = []

    def look(step):
        gc.collect()
        alive.append(packed[0]() is not None)

    monkeypatch.setattr(block_average_module, "pack", remembered)
    fit(data, stages=(hx.BlockAverage(2),), callback=look)
    assert alive[0]
    assert not alive[-1]
    assert len(packed) == 1


def test_block_averages_have_a_pair_for_each_two_blocks(data):
    seen = []
    result = fit(data, stages=(hx.BlockAverage(3),), callback=seen.append)
    n_blocks = N_T // 3
    assert seen[0].degrees_of_freedom + len(result.free_names) == 4 * n_blocks * (n_blocks - 1) // 2


def test_the_stage_of_the_documentation_works(data):
    (_, source, _) = inspect.getdoc(hx.AbstractStage).split("```")
    names = {"hx": hx, "final": final, "ClassVar": ClassVar}
    exec(source.removeprefix("python"), names)
    seen = []
    result = fit(data, stages=(names["FirstFrames"](12),), callback=seen.append)
    first = seen[0].degrees_of_freedom + len(result.free_names)
    assert first == 4 * 12 * 11 // 2
    assert result.seconds["first_stages"] > 0
    assert result.chi2 == pytest.approx(fit(data).chi2, rel=1e-4)
    with pytest.raises(TypeError, match="these are packed"):
        fit(hx.pack(data), stages=(names["FirstFrames"](12),))
