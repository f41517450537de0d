"""`print`, the terminal and JSON say the same of a fit, to the digit."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from steady import HELD, START, model, simulated

import homodyne_eqx as hx
from homodyne_eqx.app import report
from homodyne_eqx.fit.result import summary
from homodyne_eqx.fit.result.summary_row import Remedy, quantity, sentence
from homodyne_eqx.fit.result.table import IN_TABLE, table_of
from homodyne_eqx.fit.verdict.verdict import Verdict

pytestmark = pytest.mark.x64


def in_terminal(result, width=200):
    console = Console(file=io.StringIO(), width=width, no_color=True)
    report.print_result(console, result)
    report.print_sectors(console, result)
    return console.file.getvalue()


def row_of(result, name):
    (found,) = [row for row in result.summary() if row.name == name]
    return found


def test_print_terminal_and_json_agree_to_the_digit(steady_fit, tmp_path):
    path = steady_fit.save(tmp_path / "result.json")
    stored = json.loads(path.read_text(encoding="utf-8"))["summary"]
    printed, shown = str(steady_fit).splitlines(), in_terminal(steady_fit).splitlines()
    assert [row["name"] for row in stored] == [row.name for row in steady_fit.summary()]
    for row, written in zip(steady_fit.summary(), stored, strict=True):
        assert written["value_text"] == row.value_text
        assert written["uncertainty_text"] == row.uncertainty_text
        if row.group in IN_TABLE:
            texts = [row.value_text, row.uncertainty_text]
            (line,) = [line for line in printed if line.split()[: row.name.count(" ") + 1] == row.name.split()]
            assert line.removeprefix(row.name).split()[: len(texts)] == " ".join(texts).split()
            if row.group == "sectors":
                index = row.name[row.name.index("[") + 1 : -1]
                (line,) = [line for line in shown if line.split()[:1] == [index]]
                assert row.value_text in line.split()
                assert row.uncertainty_text in line.split()
            else:
                assert next(line for line in shown if line.startswith(f"{row.name} ")).split() == line.split()
        elif row.group == "verdict":
            for lines in (printed, shown):
                assert lines[0].startswith("ADEQUATE: The residuals are those of the noise")
                assert row.value_text[1:] in lines[0]
        else:
            assert any(row.value_text in line for line in printed)
            assert any(row.value_text in line for line in shown)


def test_the_rows_are_the_numbers_of_the_result(steady_fit):
    for name, p in steady_fit.parameters.items():
        row = row_of(steady_fit, name)
        assert (row.value, row.unit, row.status) == (p.value, p.unit, "free" if p.free else "fixed")
        assert row.uncertainty == (p.uncertainty if p.free else None)
        shown = float(row.uncertainty_text) if p.free else row.uncertainty_text
        assert shown == (pytest.approx(p.uncertainty, rel=0.051) if p.free else "fixed")
    groups = {row.name: row.group for row in steady_fit.summary()}
    assert (groups["D0"], groups["contrast[2]"], groups["mean J"]) == ("parameters", "sectors", "derived")
    assert row_of(steady_fit, "χ²").value == steady_fit.chi2
    assert row_of(steady_fit, "degrees of freedom").value_text == str(4 * 24 * 23 // 2 - 11)
    reduced = row_of(steady_fit, "reduced χ²")
    # √(2/1093) = 0.043: two digits of it are three decimals.
    assert reduced.value_text == f"{steady_fit.chi2 / (4 * 24 * 23 // 2 - 11):.3f}"
    assert row_of(steady_fit, "converged").value == steady_fit.message
    order = [row.group for row in steady_fit.summary()]
    assert list(dict.fromkeys(order))[:6] == ["verdict", "parameters", "sectors", "derived", "quality", "kernel"]


def test_a_line_is_added_in_one_place(steady_fit, monkeypatch):
    def per_decay(result):
        yield quantity("derived", "D0 over 3", result.parameters["D0"].value / 3, "Å²/s", 1.0)
        yield sentence("sample", "sample", "colloid")

    monkeypatch.setattr(summary, "SECTIONS", (*summary.SECTIONS, per_decay))
    result = replace(steady_fit)
    value = f"{steady_fit.parameters['D0'].value / 3:.1f}"
    for text in (str(result), in_terminal(result)):
        assert "sample = colloid" in text
        (line,) = [line for line in text.splitlines() if line.startswith("D0 over 3")]
        assert line.split()[3:] == [value, "1.0", "Å²/s"]
    assert result.to_dict()["summary"][-2]["value_text"] == value


def with_covariance(result, covariance):
    return replace(result, spread=lambda: replace(result.speckle_covariance, covariance=covariance))


def test_strong_correlations_are_told_in_the_words_of_each_surface(steady_fit):
    names = list(steady_fit.free_names)
    a, b = names.index("D0"), names.index("phi0")
    covariance = np.array(steady_fit.covariance)
    covariance[a, b] = covariance[b, a] = -0.999 * np.sqrt(covariance[a, a] * covariance[b, b])
    result = with_covariance(steady_fit, covariance)
    assert result.correlations[a, b] == pytest.approx(-0.999)
    assert np.allclose(np.diagonal(result.correlations), 1)
    row = row_of(result, "correlation")
    assert row.value.startswith("D0 and phi0 are determined only in D0 + ")
    assert "(correlation −0.9990)" in row.value
    assert "mean rates above are determined" in row.value
    assert [(r.action, r.names) for r in row.remedies][:2] == [("fix", ("D0", "phi0")), ("bound", ("D0", "phi0"))]
    assert 'Fix some (fixed=["D0"]), bound them (bounds={"D0": (low, high)}), or use' in str(result)
    assert "Fix some (--fix D0), bound them (--bound D0=LO:HI), or try --rates constant." in in_terminal(result, 400)
    assert "--" not in str(result)
    assert "fixed=" not in in_terminal(result)
    assert "correlation" not in [r.name for r in steady_fit.summary()]
    # Contrast and offset of a sector always go together; that is no news.
    contrast, offset = names.index("contrast[0]"), names.index("offset[0]")
    covariance = np.array(steady_fit.covariance)
    covariance[contrast, offset] = 0.9999 * np.sqrt(covariance[contrast, contrast] * covariance[offset, offset])
    assert "correlation" not in [r.name for r in with_covariance(steady_fit, covariance).summary()]


def test_a_combination_within_rounding_is_told_without_a_number(steady_fit):
    names = list(steady_fit.free_names)
    a, b = names.index("D0"), names.index("phi0")
    for short_of_1, number in ((1e-12, False), (1e-8, True)):
        covariance = np.array(steady_fit.covariance)
        covariance[a, b] = covariance[b, a] = -(1 - short_of_1) * np.sqrt(covariance[a, a] * covariance[b, b])
        said = row_of(with_covariance(steady_fit, covariance), "correlation").value
        assert ("D0 and phi0 are determined only along a line of values (correlation −1.0000)" in said) != number
        assert ("±" in said) == number


def test_along_a_valley_the_message_alone_tells_of_it(steady_fit):
    names = list(steady_fit.free_names)
    a, b = names.index("D0"), names.index("phi0")
    covariance = np.array(steady_fit.covariance)
    covariance[a, b] = covariance[b, a] = -0.999 * np.sqrt(covariance[a, a] * covariance[b, b])
    result = replace(with_covariance(steady_fit, covariance), ended=hx.Ended.VALLEY)
    assert "correlation" not in [row.name for row in result.summary()]


def test_a_verdict_is_told_in_the_words_of_each_surface(steady_fit):
    said = "the residuals are 3 times sigma: if sigma is right, the model does not describe the data."
    remedies = (Remedy("exclude_frames", ("4", "7")), Remedy("other_starts"), Remedy("other_model"))
    verdict = Verdict(False, said, 1.0, 0.04, 2, 4, remedies)
    far = replace(steady_fit, judgement=lambda: verdict)
    first = "NOT ADEQUATE: The residuals are 3 times sigma: if sigma is right, the model does not describe the data. "
    python = "Exclude frames (data.excluding(frames=[4, 7])), try other starts (starts=[…]), or try another model."
    flags = "Exclude frames (--exclude-frames 4,7), try another start (--start NAME=VALUE), or try another model"
    assert str(far).splitlines()[0] == first + python
    assert in_terminal(far, 400).splitlines()[0].startswith(first + flags)
    assert "--" not in str(far)
    assert "starts=" not in in_terminal(far, 400)
    written = json.loads(json.dumps(far.to_dict()))
    assert written["verdict"]["adequate"] is False
    assert written["summary"][0]["remedies"][0]["action"] == "exclude_frames"


@pytest.mark.slow
def test_what_the_data_leave_open_is_named():
    across = simulated(24).select(sectors=[2])
    start = hx.laminar_flow(
        **{"D0": 3e4, "gamma_dot_t0": 0.0, "phi0": 10.0, **dict.fromkeys(HELD, 0.0)},
        contrast=np.full(1, 0.3), offset=np.ones(1), kernel=hx.GapAverage(),
    )  # fmt: skip
    result = hx.fit(start, across, free=["D0", "phi0", "contrast", "offset"], sample=False, scan=False)
    assert result.ended == "undetermined"
    row = row_of(result, "phi0")
    assert (row.status, row.uncertainty_text, row.uncertainty) == ("undetermined", "undetermined", np.inf)
    assert "the data do not determine phi0" in row_of(result, "correlation").value
    for text in (str(result), in_terminal(result)):
        assert "not converged: the data do not determine phi0" in text.replace("NOT CONVERGED", "not converged")


def test_bounds_losses_and_long_lists():
    result = hx.fit(
        model(**{**START, "D0": 2e4}), simulated(24), fixed=HELD, bounds={"D0": (1.0, 2.5e4)}, loss=hx.Cauchy()
    )
    row = row_of(result, "D0")
    assert (row.status, row.uncertainty_text, row.uncertainty) == ("at_bound", "at bound", None)
    assert "loss = Cauchy (its cost, not a χ²)" in str(result)
    rows = [quantity("parameters", f"p{k}", 1.0, "", 0.1, "free") for k in range(50)]
    lines = table_of([*rows, quantity("derived", "mean", 2.0, "s⁻¹", 0.5)]).splitlines()
    assert lines[-4] == "… and 20 more in .parameters"
    assert lines[-2].split() == ["mean", "2.00", "0.50", "s⁻¹"]
    assert max(len(line) for line in str(result).splitlines()[1:] if "note" not in line) < 110
    assert "the uncertainties of the others hold for D0 at its bound, 25000." in str(result)


def test_excluded_pixels_are_counted_by_cause(steady_fit):
    n_sector, n_t, _ = steady_fit.data.c2.shape
    said = f"{n_sector * n_t} on the diagonal, 0 not finite, 0 masked of {n_sector * n_t * n_t} pixels"
    assert row_of(steady_fit, "excluded").value == said
    assert f"excluded = {said}" in str(steady_fit)
    assert said in in_terminal(steady_fit)


def test_an_excluded_pixel_is_counted_for_its_first_cause(steady_fit, masked_data):
    """Pixel by pixel: on the diagonal, else not finite, else masked; a masked frame that holds NaN among them."""
    mask = np.array(masked_data.mask)
    mask[1, 3, :] = mask[1, :, 5] = True
    data = hx.TwoTimeData(masked_data.c2, masked_data.geometry, masked_data.sigma, mask)
    c2, counted = np.asarray(data.c2), dict.fromkeys(("diagonal", "not finite", "masked"), 0)
    for k, i, j in np.ndindex(c2.shape):
        cause = "diagonal" if i == j else "not finite" if not np.isfinite(c2[k, i, j]) else "masked"
        counted[cause] += cause != "masked" or mask[k, i, j]
    assert min(counted.values()) > 0
    said = f"{counted['diagonal']} on the diagonal, {counted['not finite']} not finite, {counted['masked']} masked"
    assert row_of(replace(steady_fit, data=data), "excluded").value == f"{said} of {c2.size} pixels"
