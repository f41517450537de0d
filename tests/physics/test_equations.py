"""The printed equation: complete, balanced, without prose, and with an explanation of every symbol."""

import inspect
import re

import jax
import numpy as np
import pytest

import homodyne_eqx as hx
from tests.physics.registry import ALL

ENTRIES = [pytest.param(e.make, id=f"{kind}-{name}") for kind, of_kind in ALL.items() for name, e in of_kind.items()]

# Of every equation: the geometry, times and lags, frames, the quantities themselves, and mathematics.
SYMBOLS = {"q", "L", "φ", "t", "τ", "Δt", "i", "j", "k", "e", "π", "M", "g1"}
FUNCTIONS = {
    "exp",
    "cos",
    "sin",
    "ln",
    "max",
    "softplus",
    "cumsum",
    "kernel",
    "Σ",
    "Π",
    "N",
    "P",
}  # N normal, P Legendre
SAME = {"φ0": "phi0"}
WORD = r"[A-Za-zΑ-Ωα-ω]+\d*(?:_\w+)*"


def formulas(text):
    """The equation of each line that has one."""
    found = [re.fullmatch(r" *(?:\S+ = )?\w+: (.*?)(?:   \[.*\])?", line) for line in text.split("\n")]
    return [match[1] for match in found if match]


def names(text):
    """The symbols that the lines explain: the parts, the parameters, and the quantities that an equation gives."""
    values = re.findall(r"(?:\[|, )(\w+) = ", "\n".join(re.findall(r"   (\[.*\])$", text, re.M)))
    parts = re.findall(r"^ *(\w+)(?:\[\d+\])? = \w+", text, re.M)
    return {*values, *parts}


def clauses(formula):
    """The parts of a text between commas outside of brackets."""
    depth, found = 0, [""]
    for character in formula:
        depth += (character in "([{⟨") - (character in ")]}⟩")
        found = [*found, ""] if character == "," and depth == 0 else [*found[:-1], found[-1] + character]
    return found


def words(text):
    return re.findall(WORD, re.sub(r"_\{[^}]*\}", "", text))


def unexplained(formula, known):
    """The words of an equation that nothing explains: neither a parameter nor a part, nor itself."""
    left = [re.split(r" = | ≤ ", clause)[0] for clause in clauses(formula) if re.search(r" = | ≤ ", clause)]
    known = {*known, *SYMBOLS, *FUNCTIONS, *(w.split("_")[0] for side in left for w in words(side))}
    known |= {w[1:] for w in words(formula) if w[0] == "d" and len(w) == 2}  # what is integrated over
    known |= {f"d{w}" for w in known if len(w) == 1}
    return [w for w in words(formula) if SAME.get(w, w) not in known and w.split("_")[0] not in known]


def unbalanced(formula):
    return [a + b for a, b in ("()", "[]", "{}", "⟨⟩") if formula.count(a) != formula.count(b)] + ["|"] * (
        formula.count("|") % 2
    )


@pytest.mark.parametrize("make", ENTRIES)
def test_what_prints_is_an_equation(make):
    text = hx.equation(make())
    found = formulas(text)
    assert found or isinstance(make(), hx.AbstractAccumulation)
    for formula in found:
        assert not unbalanced(formula), formula
        assert not unexplained(formula, names(text)), formula


@pytest.mark.parametrize("make", ENTRIES)
def test_a_docstring_states_equation_limits_and_source(make):
    cls = type(make())
    doc = inspect.getdoc(cls)
    if issubclass(cls, hx.AbstractAccumulation):
        return
    assert formulas(hx.equation(make()))[0] in " ".join(doc.split())
    assert "Limits:" in doc
    assert "Source:" in doc or "Derivation:" in doc
    assert not [argument for argument in inspect.signature(cls).parameters if f"`{argument}`" not in doc]


@pytest.mark.parametrize(
    ("formula", "wrong"),
    [
        ("rate(t) = Σ amplitude · N(t", "unbalanced"),
        ("kernel(x) = exp(−x^exponent), Kohlrausch's form", "unexplained"),
        ("g1 = ∫₀¹ exp(i a (1 − s²)) ds", "unexplained"),
        ("g1 = exp(−q² amplitude² (1 − c))", "unexplained"),
        ("M = |g1|", None),
        ("rate(t) = amplitude · t^exponent", None),
    ],
)
def test_the_check_of_equations_finds_what_it_should(formula, wrong):
    found = (
        "unbalanced"
        if unbalanced(formula)
        else "unexplained"
        if unexplained(formula, {"amplitude", "exponent"})
        else None
    )
    assert found == wrong


def test_a_model_prints_its_detection():
    g1 = hx.Diffusion(1e3) * hx.Drift(40.0, 5.0)
    text = str(
        hx.TwoTimeModel(g1, hx.ContrastOffset(0.3, 1.0), hx.FiniteSector(4.0, detection=hx.PartialHeterodyne(0.2)))
    )
    assert text.startswith("TwoTimeModel: g2(φ, t_i, t_j) = offset + contrast · M\n")
    assert "|g1|²" not in text
    assert "  detection = FiniteSector: M = ⟨detection(q + δq, φ + δφ)⟩" in text
    assert "    detection = PartialHeterodyne: M = |(1 − x) g1 + x|², x = reference   [reference = 0.2]" in text


def test_fixed_and_tied_parameters_are_marked():
    shear = hx.Shear(hx.PowerLaw(1e-3, 0.2), 10.0)
    tied = hx.Shared(shear * hx.NonAffine(shear.rate, 2e5), lambda g: g.terms[1].rate, lambda g: g.terms[0].rate)
    lines = str(tied * hx.Frozen(hx.Diffusion(1e3)) * hx.Transit(1e3, 2e5)).split("\n")
    (free,) = [line for line in lines if "amplitude = 0.001 s⁻¹·s^−exponent, exponent = 0.2" in line]
    (follower,) = [line for line in lines if "amplitude = 0.001 s⁻¹·s^−exponent (tied), exponent = 0.2 (tied)" in line]
    assert lines.index(free) < lines.index(follower)
    assert sum("value = 1000 Å²/s (fixed)" in line for line in lines) == 1
    assert sum("beam_radius = 200000 Å (fixed)" in line for line in lines) == 1
    assert sum("length = 200000 Å]" in line for line in lines) == 1
    assert "SharedNode" not in str(tied)


def test_one_tied_number_is_marked():
    shear, other = hx.Shear(1e-3, 10.0), hx.Shear(2e-3, 0.0, hx.GapAverage())
    tied = hx.Shared(shear * other, lambda g: g.terms[1].phi0, lambda g: g.terms[0].phi0)
    assert "[phi0 = 10 deg]" in str(tied)
    assert "[phi0 = 10 deg (tied)]" in str(tied)


def test_a_distribution_says_in_which_parameter():
    one = hx.Distribution(hx.Diffusion(hx.PowerLaw(1e3, -0.2)), lambda term: term.rate.amplitude, 0.3)
    two = hx.Distribution(
        hx.Diffusion(hx.Constant(1e3)) * hx.Shear(1e-3, 5.0), lambda g: (g.terms[0].rate, g.terms[1].phi0), 0.3
    )
    assert "[where = term.rate.amplitude, width = 0.3, order = 7]" in str(one)
    assert "where = term.terms[0].rate.value, term.terms[1].phi0" in str(two)


def test_numbers_and_units():
    assert "[amplitude = 3 s^−exponent, exponent = −0.5, offset = 0]" in str(hx.PowerLaw(3.0, -0.5))
    scaling = hx.SmoothScaling(0.3, 1.0, np.array([[0.01, 0.02], [0.0, 1.0]]))
    assert "contrast_harmonics = [[0.01, 0.02], [0, 1]], offset_harmonics = []" in str(scaling)
    assert "values = (9,)" in str(hx.Spline(tuple(range(1, 10)), np.ones(9)))


def test_a_term_prints_as_its_equations_with_values():
    text = str(hx.Diffusion(hx.PowerLaw(1e3, -0.5, 10.0)) * hx.Shear(hx.Constant(2e-3), 5.0, hx.GapAverage()))
    for line in (
        "Product: g1 = Π_k terms[k]",
        "  terms[0] = Diffusion: g1 = kernel(½ q² ∫ rate dt)",
        "amplitude = 1000 Å²/s·s^−exponent, exponent = −0.5, offset = 10 Å²/s",
        "  terms[1] = Shear: g1 = kernel(½ q L cos(φ0 − φ) ∫ rate dt)   [phi0 = 5 deg]",
        "value = 0.002 s⁻¹",
        "kernel = GapAverage: kernel(y) = sin y / y",
    ):
        assert line in text


def test_printing_under_jit_and_of_networks():
    jax.jit(lambda x: str(hx.Diffusion(hx.Constant(x))) and x)(1.0)
    network = hx.Network(1.0, 1.0, jax.random.key(0))
    assert "network = MLP of 321 values" in str(hx.Diffusion(network))
    assert "network = MLP of 321 values (fixed)" in str(hx.Diffusion(hx.FrozenRate(network)))
