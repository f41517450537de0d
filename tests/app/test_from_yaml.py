"""Configuration files of homodyne and xpcsjax: what they set arrives, and nothing is lost without a word."""

import sys
import tomllib

import pytest
import yaml

LAMINAR = """
metadata: {description: a test}
analysis_mode: laminar_flow
analyzer_parameters:
  dt: 0.5
  start_frame: 11
  end_frame: 200
  scattering: {wavevector_q: 0.0054}
  geometry: {stator_rotor_gap: 2e6}
experimental_data: {data_folder_path: ./data/, data_file_name: scan.hdf, exchange_key: exchange}
phi_filtering:
  enabled: true
  target_ranges: [{min_angle: -10, max_angle: 10, description: along}]
initial_parameters:
  parameter_names: [D0, alpha, D_offset, gamma_dot_0, beta, gamma_dot_t_offset, phi_0]
  values: [1e3, -0.5, 10, 0.01, 0.2, 0, 5]
  active_parameters: [D0, alpha, D_offset, gamma_dot_0, beta, gamma_dot_t_offset]
  fixed_parameters: {D_offset: 12.5}
  per_angle_scaling: {contrast: [0.3, 0.2], offset: 1.0}
  tied_parameters: {alpha: beta}
parameter_space:
  bounds:
    - {name: D0, min: 100.0, max: 1e5, prior_mu: 1000.0}
    - {name: offset, min: 0.5, max: null}
optimization:
  method: nlsq
  nlsq:
    loss: soft_l1
    max_iterations: 77
    anti_degeneracy: {per_angle_mode: individual}
  mcmc: {num_warmup: 500}
output: {directory: ./results, formats: {csv: true}}
"""


@pytest.fixture
def convert(run, tmp_path):
    def converted(text):
        path = tmp_path / "theirs.yaml"
        path.write_text(text, encoding="utf-8")
        return run("config", "--from-yaml", path)

    return converted


def test_what_it_sets_arrives(convert, run, tmp_path):
    done = convert(LAMINAR)
    assert done.exit_code == 0, done.stderr
    found = tomllib.loads(done.stdout)
    assert found["model"] == {"name": "laminar-flow", "kernel": "sinc-squared", "scaling": "per-sector"}
    assert found["data"] == {"frames": [10, 200], "frame_time": 0.5, "gap": 2e6, "phi": [-10, 10]}
    assert found["fit"] == {"loss": "soft-l1", "max_steps": 77}
    assert found["output"] == {"folder": "./results"}
    parameters = found["parameters"]
    assert parameters["D0"] == {"start": 1e3, "bounds": [100, 1e5]}
    assert parameters["D_offset"] == {"start": 12.5, "fix": True}
    assert parameters["gamma_dot_t0"] == {"start": 0.01}
    assert parameters["phi0"] == {"start": 5.0, "fix": True}
    assert parameters["contrast"] == {"start": [0.3, 0.2]}
    assert parameters["offset"] == {"start": 1.0, "bounds": [0.5, float("inf")]}
    path = tmp_path / "ours.toml"
    path.write_text(done.stdout, encoding="utf-8")
    assert run("config", "--validate", path).exit_code == 0


def leaves(value, place=()):
    if isinstance(value, dict):
        return [each for name in value for each in leaves(value[name], (*place, name))]
    return [place]


def test_every_key_is_taken_over_or_named(convert):
    """Every key of the file is one of those that the test before finds in the output, or stands on stderr."""
    done = convert(LAMINAR)
    taken = {
        "analysis_mode",
        "dt",
        "start_frame",
        "end_frame",
        "stator_rotor_gap",
        "data_folder_path",
        "data_file_name",
    }
    taken |= {"enabled", "target_ranges", "parameter_names", "values", "active_parameters", "D_offset", "contrast"}
    taken |= {"offset", "bounds", "loss", "max_iterations", "per_angle_mode", "directory"}
    others = {place for place in leaves(yaml.safe_load(LAMINAR)) if place[-1] not in taken}
    assert len(others) == 7
    for *section, name in others:
        lines = [line for line in done.stderr.splitlines() if name in line]
        assert lines, name
        assert [line for line in lines if ".".join(section) in line or name == "wavevector_q"], name
    for lost in ("parameter_space.bounds.D0: prior_mu", "phi_filtering.target_ranges.0: description"):
        assert f"not used: {lost}" in done.stderr
    assert "sigma in [data]" in done.stderr


@pytest.mark.parametrize(
    ("changed", "by", "data"),
    [
        ("start_frame: 11", "start_frame: 1", {"frames": [0, 200]}),
        ("end_frame: 200", "end_frame: -1", {"frames": None}),
        ("scan.hdf", "scan.npz", {"dt": 0.5, "frame_time": None}),
        ("enabled: true", "enabled: false", {"phi": None}),
        ("[{min", "[{min_angle: 1, max_angle: 2}, {min", {"phi": None}),
    ],
)
def test_what_data_are_chosen(convert, changed, by, data):
    assert changed in LAMINAR
    done = convert(LAMINAR.replace(changed, by))
    found = tomllib.loads(done.stdout)["data"]
    assert {name: found.get(name) for name in data} == data
    assert "phi" in found or "target_ranges" in done.stderr
    assert "frames" in found or "start_frame = 11 is not used" in done.stderr


@pytest.mark.parametrize(
    ("changed", "by", "said"),
    [
        ("laminar_flow", "turbulent", "analysis_mode is 'turbulent'; expected laminar_flow, static"),
        ("dt: 0.5", "dt: fast", "analyzer_parameters.dt is 'fast'; expected a number"),
        ("[1e3, -0.5,", "[1e3,", "7 parameter_names and 6 values"),
        ("max_iterations: 77", "max_iterations: 7.5", "max_iterations is 7.5; expected an integer"),
        ("max_iterations: 77", "max_iterations: 0", "max_steps in [fit] is 0"),
        ("analysis_mode: laminar_flow", "- 3", "no valid YAML"),
    ],
)
def test_what_cannot_be_meant_is_refused(convert, changed, by, said):
    done = convert(LAMINAR.replace(changed, by))
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_another_loss_and_scaling_are_named(convert):
    done = convert(LAMINAR.replace("soft_l1", "arctan").replace("individual", "fourier"))
    assert "loss = arctan is not used" in done.stderr
    assert "per_angle_mode = fourier is not used" in done.stderr
    assert "loss" not in tomllib.loads(done.stdout)["fit"]


def test_a_static_model_has_no_kernel_and_names_parameters_that_it_lacks(convert):
    done = convert(LAMINAR.replace("laminar_flow", "static_anisotropic"))
    found = tomllib.loads(done.stdout)
    assert found["model"] == {"name": "static", "scaling": "per-sector"}
    assert set(found["parameters"]) == {"D0", "alpha", "D_offset", "contrast", "offset"}
    assert "initial_parameters names beta, which the model does not have" in done.stderr


def test_two_components_have_their_names_and_phi0_has_the_other_sign(convert, run, tmp_path):
    names = (
        "D0_ref alpha_ref D_offset_ref D0_sample alpha_sample D_offset_sample v0 v_beta v_offset f0 f1 f2 f3 phi0_het"
    )
    listed = f"[{', '.join(names.split())}]"
    done = convert(
        f"""
analysis_mode: two_component
initial_parameters:
  parameter_names: {listed}
  values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
parameter_space: {{bounds: [{{name: phi0_het, min: -10, max: 20}}, {{name: v0, min: 0, max: 1e6}}]}}
"""
    )
    found = tomllib.loads(done.stdout)
    assert found["model"]["name"] == "two-component"
    assert found["parameters"].pop("phi0") == {"start": -14.0, "bounds": [-20.0, 10.0]}
    starts = {name: said["start"] for name, said in found["parameters"].items()}
    assert starts == {name: float(k + 1) for k, name in enumerate(names.split()[:-1])}
    assert "phi0 is −phi0_het" in done.stderr
    path = tmp_path / "ours.toml"
    path.write_text(done.stdout, encoding="utf-8")
    assert run("config", "--validate", path).exit_code == 0


def test_without_pyyaml_it_says_what_to_install(convert, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    done = convert(LAMINAR)
    assert done.exit_code == 2
    assert "pip install 'homodyne-eqx[yaml]'" in done.stderr
