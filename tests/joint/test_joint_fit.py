"""Several data sets at once: minimum and errors of a dense joint fit; where nothing is shared, those of each alone."""

import pickle
from typing import ClassVar

import jax
import numpy as np
import pytest
import scipy.optimize
import sets

import homodyne_eqx as hx
from homodyne_eqx.fit.solve.minimise import Outcome
from homodyne_eqx.fit.solve.quadratic import Quadratic
from homodyne_eqx.joint.build_joint_result import build_joint_result
from homodyne_eqx.joint.joint_problem import part_of
from homodyne_eqx.joint.members import members_of

pytestmark = pytest.mark.xdist_group("joint_fit")

X64 = jax.config.jax_enable_x64
CLOSE = 1e-5 if X64 else 2e-3


@pytest.fixture(scope="module")
def both():
    return [sets.data_set(**sets.FIRST), sets.data_set(**sets.SECOND)]


@pytest.fixture(scope="module")
def joint(both):
    return hx.fit(sets.model(), both)


def dense(both, rows=()):
    start = [3e3, 0.2, 0.2, 1.1, 1.1, 0.2, 1.1]
    return scipy.optimize.least_squares(
        lambda x: sets.dense_residual(both, x, rows), start, x_scale="jac", xtol=1e-15, ftol=1e-15, gtol=1e-15
    )


class TestTheMinimum:
    def test_it_is_that_of_a_dense_joint_fit_with_its_errors(self, both, joint):
        expected = dense(both)
        parameters = joint.parameters.values()
        sigmas = np.sqrt(np.diagonal(np.linalg.inv(expected.jac.T @ expected.jac)))
        assert joint.converged
        np.testing.assert_allclose([p.value for p in parameters], expected.x, rtol=CLOSE)
        np.testing.assert_allclose([p.white_noise_uncertainty for p in parameters], sigmas, rtol=10 * CLOSE)
        assert joint.chi2 == pytest.approx(2 * expected.cost, rel=CLOSE)
        assert joint.degrees_of_freedom == 2 * (24 * 23 // 2) + 36 * 35 // 2 - 7

    def test_names_say_which_data_set_has_what(self, joint):
        assert list(joint.parameters) == [
            "diffusion.rate",
            "data[0].contrast[0]", "data[0].contrast[1]", "data[0].offset[0]", "data[0].offset[1]",
            "data[1].contrast[0]", "data[1].offset[0]",
        ]  # fmt: skip
        assert joint.shared == ("diffusion.rate",)

    def test_each_data_set_has_a_result_of_its_own_with_the_joint_errors(self, both, joint):
        rate = joint.parameters["diffusion.rate"]
        for k, data in enumerate(both):
            own = joint[k]
            assert own.parameters["diffusion.rate"].value == pytest.approx(rate.value, rel=1e-6)
            assert own.parameters["diffusion.rate"].uncertainty == pytest.approx(rate.uncertainty, rel=1e-6)
            assert own.derived["mean J"].uncertainty == pytest.approx(rate.uncertainty, rel=1e-3)
            assert own.data is data
        assert joint[0].chi2 + joint[1].chi2 == pytest.approx(joint.chi2, rel=1e-4)

    def test_the_noise_being_white_both_errors_agree(self, joint):
        for p in joint.parameters.values():
            assert p.uncertainty == pytest.approx(p.white_noise_uncertainty, rel=0.25)
        assert joint.parameters["diffusion.rate"].uncertainty < min(
            each.parameters["diffusion.rate"].uncertainty for each in joint.alone.values()
        )

    @pytest.mark.slow
    def test_a_prior_counts_once(self, both):
        prior = hx.Normal(4.3e3, 40.0)
        found = hx.fit(sets.model(), both, priors={"diffusion.rate": prior})
        expected = dense(both, [lambda x: (x[0] - 4.3e3) / 40.0])
        rate = found.parameters["diffusion.rate"]
        covariance = np.linalg.inv(expected.jac.T @ expected.jac)
        assert rate.value == pytest.approx(expected.x[0], rel=CLOSE)
        assert rate.white_noise_uncertainty == pytest.approx(np.sqrt(covariance[0, 0]), rel=10 * CLOSE)
        assert found.chi2 == pytest.approx(2 * expected.cost, rel=CLOSE)


class TestSharing:
    def test_separate_parameters_are_those_of_each_alone(self, both):
        found = hx.fit(sets.model(), {"a": both[0], "b": both[1]}, separate=["diffusion.rate"])
        for label in ("a", "b"):
            alone, here = found.alone[label], found.parameters[f"{label}.diffusion.rate"]
            assert here.value == pytest.approx(alone.parameters["diffusion.rate"].value, rel=CLOSE)
            assert here.uncertainty == pytest.approx(alone.parameters["diffusion.rate"].uncertainty, rel=0.02)
        assert not found.agreements

    def test_models_of_other_terms_share_what_is_named(self, both):
        """The second data set has a relaxation of its own, which its fit finds to be nothing."""
        second = hx.TwoTimeModel(hx.Diffusion(3e3) * hx.Relaxation(1e-2), sets.model(n_sector=1).scaling)
        found = hx.fit([sets.model(), second], both, shared=["diffusion.rate"])
        names = [name for name in found.parameters if "relaxation" in name]
        assert len(names) == 1
        assert names[0].startswith("data[1].")
        rate = found.parameters["diffusion.rate"]
        assert abs(rate.value - sets.RATE) < 4 * rate.uncertainty

    def test_bounds_of_one_data_set(self, both):
        bounds = {"data[1].contrast": (0.0, 0.24), "offset": (0.5, 1.5)}
        found = hx.fit(sets.model(), both, bounds=bounds)
        assert found.parameters["data[1].contrast[0]"].value == pytest.approx(0.24, rel=1e-6)
        assert found.parameters["data[1].contrast[0]"].at_bound
        assert found.parameters["data[0].contrast[0]"].high > 0.3
        assert found.parameters["data[0].offset[1]"].high == 1.5

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            ({"separate": ["D0"]}, "separate names D0, which no model has"),
            ({"free": ["diffusion.rate", "ofset"]}, "free names ofset, which no model has"),
            ({"fixed": ["D0"]}, "fixed names D0, which no model has"),
            ({"shared": ["contrast"]}, r"shapes \[\(1,\), \(2,\)\]"),
            ({"shared": ["offset"], "separate": ["offset"]}, "named in shared and in separate"),
            ({"bounds": {"data[0].diffusion.rate": (0, 1)}}, "one for all data sets"),
            ({"priors": {"data[7].offset": hx.Normal(1, 1)}}, "which no model has"),
        ],
    )
    def test_names_that_cannot_be(self, both, options, text):
        with pytest.raises(ValueError, match=text):
            hx.fit(sets.model(), both, **options)

    def test_lists_that_do_not_suit(self, both):
        with pytest.raises(ValueError, match="shared is not given"):
            hx.fit([sets.model(), sets.model()], both)
        with pytest.raises(ValueError, match="3 models and 2 data sets"):
            hx.fit([sets.model()] * 3, both, shared=[])
        with pytest.raises(ValueError, match="data is empty"):
            hx.fit(sets.model(), [])
        with pytest.raises(ValueError, match="for several data sets"):
            hx.fit(sets.model(), both[0], separate=["diffusion.rate"])


def in_valley(both, running):
    """The text of a joint minimisation that has ended so at its start."""
    members = members_of(sets.model(), both, None, (), None, (), None, None, hx.Squares())
    parts = [
        part_of(each.given.model, each.given.free_parameters, each.given.packed, hx.Squares(), each.places)
        for each in members.each
    ]
    values = np.array([p.value for p in members.free])
    normal = Quadratic(np.eye(len(values)), np.zeros(len(values)), 100.0)
    history = (hx.Iteration(7, 100.0, 5.0, 1.0, values, 0.0, 10),)
    outcome = Outcome(hx.Ended.VALLEY, values, normal, history, np.zeros(len(values), bool), 0.0, False, running)
    seconds = {"total": 0.0, "packing": 0.0, "first_step": 0.0}
    return build_joint_result(members, parts, [None, None], outcome, 10, (), seconds)


class TestHowItEnds:
    def test_short_of_a_minimum_it_is_not_judged(self, both):
        found = hx.fit(sets.model(), both, max_steps=1)
        assert found.ended == hx.Ended.STEP_LIMIT
        assert not found.verdict.adequate
        assert found.verdict.text.startswith("not judged")
        assert "not judged" in found[1].verdict.text

    def test_ctrl_c_in_the_fit_of_a_data_set_ends_all(self, both):
        class Stop(hx.AbstractStage):
            seconds_key: ClassVar[str] = "starts"

            def check(self, fit_input):
                pass

            def __call__(self, waypoint, fit_input, minimiser):
                raise KeyboardInterrupt

        found = hx.fit(sets.model(), both, stages=(Stop(),))
        assert found.ended == hx.Ended.INTERRUPTED
        assert found.alone["data[1]"] is None
        assert len(found.history) == 1

    def test_the_history_of_each_has_its_own_parameters(self, joint):
        for result in joint.results.values():
            last = dict(zip(result.free_names, result.history[-1].parameters, strict=True))
            assert last == {name: pytest.approx(result.parameters[name].value, rel=1e-3) for name in last}

    def test_along_a_valley_each_names_the_parameters_that_run(self, both):
        """All of the joint fit, also where they are those of another data set."""
        found = in_valley(both, running=(5, 6))
        assert "data[1].contrast[0], data[1].offset[0], which" in found.message
        assert all(result.message == found.message for result in found.results.values())

    def test_it_can_be_pickled(self, joint):
        assert pickle.loads(pickle.dumps(joint)).summary() == joint.summary()


class TestWhatIsSaid:
    def test_data_sets_that_disagree_are_named_with_the_remedy(self, both):
        other = sets.data_set(**{**sets.SECOND, "rate": 1.5 * sets.RATE})
        found = hx.fit(sets.model(), {"cold": both[0], "hot": other})
        assert not found.verdict.adequate
        assert not found.agreements["hot"].agrees
        text = str(found)
        assert "NOT ADEQUATE: Alone, cold has diffusion.rate = " in text
        assert 'separate=["diffusion.rate"]' in text

    def test_data_sets_that_agree_are_adequate(self, joint):
        assert joint.verdict.adequate
        assert "all 2 data sets are those of the noise, and they agree" in str(joint)
        assert all(p.name in joint._repr_html_() for p in joint.parameters.values())

    def test_a_saved_result_has_a_folder_for_each(self, joint, tmp_path):
        folder = joint.save(tmp_path / "out")
        assert sorted(path.name for path in folder.iterdir()) == ["data[0]", "data[1]", "joint.json"]
        loaded = hx.FitResult.load(folder / "data[1]")
        assert loaded.summary() == joint[1].summary()
        with pytest.raises(FileExistsError, match="overwrite=True"):
            joint.save(folder)
        joint.save(folder, overwrite=True)
        (folder / "notes.txt").write_text("precious")
        with pytest.raises(FileExistsError, match=r"notes\.txt"):
            joint.save(folder, overwrite=True)
