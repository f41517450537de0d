"""The result of a comparison of models: the models, the best first, tests, a table, and words."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

from ...fit.result.summary_row import SummaryRow, sentence
from ...physics.minus_sign import with_minus
from ..estimate_table import estimate_table
from .entry import ComparedModel
from .model_test import ModelTest


@final
@dataclass(frozen=True, repr=False)
class Comparison:
    """Several models of the same data, best first; `print` shows a table and the conclusion. Made by `compare`.

    Iterating gives a `ComparedModel` each, `comparison["name"]` one of them.

    - `models`: best first; `tests`: of models that are a special case of another one, and of the first against others;
    - `level`: of the tests; `factor`: the average decrease of χ² for a parameter that fits only noise, 1 for white
      noise of the size sigma; `n_independent`: the number of independent data that BIC counts.
    """

    models: tuple[ComparedModel, ...]
    tests: tuple[ModelTest, ...]
    level: float | int
    factor: float
    n_independent: float

    def __iter__(self) -> Iterator[ComparedModel]:
        return iter(self.models)

    def __len__(self) -> int:
        return len(self.models)

    def __getitem__(self, name: str) -> ComparedModel:
        found = {each.name: each for each in self.models}
        if name not in found:
            raise KeyError(f"There is no model {name!r}. There are {', '.join(found)}.")
        return found[name]

    @property
    def best(self) -> ComparedModel:
        return self.models[0]

    def test(self, first: str, second: str) -> ModelTest | None:
        """The test of two models, in either order; `None` where there is none."""
        return next((t for t in self.tests if {t.first, t.second} == {first, second}), None)

    @cached_property
    def undecided(self) -> tuple[str, ...]:
        """Names of models with the same verdict as the best one that the data do not distinguish from it."""
        others = [each for each in self.models[1:] if each.status == self.best.status]
        tested = [(each.name, self.test(self.best.name, each.name)) for each in others]
        return tuple(name for name, t in tested if t is not None and t.probability > self.level)

    @cached_property
    def conclusion(self) -> str:
        """The conclusion of the comparison, in words."""
        best = self.best
        if best.status == "not judged":
            return "No fit ended at a minimum of χ², so no model was judged."
        if best.status == "adequate":
            said = [f"{best.name} describes the data, with {best.free} free parameters."]
        else:
            said = [f"None of the models describes the data. {best.name} comes closest. {best.text}"]
        for each in self.models[1:]:
            test = self.test(best.name, each.name)
            if each.status != best.status or test is None:
                continue
            p = f"p = {test.probability:.2g}" if test.probability >= 1e-6 else "p < 1e-6"
            if not test.nested:
                undecided = each.name in self.undecided
                told = "fits equally well: the data do not distinguish it" if undecided else "is distinguished from it"
                said.append(f"{each.name} {told} ({p}).")
            elif test.first == best.name:
                said.append(f"The data do not need the additional parameters of {each.name} ({p}).")
            elif each.name in self.undecided:
                said.append(f"{each.name} is a special case of it, and the data do not distinguish them ({p}).")
            else:
                said.append(f"Its special case {each.name} is rejected ({p}).")
        return " ".join(said)

    def summary(self) -> tuple[SummaryRow, ...]:
        """All rows of the report, as for the result of a fit: the conclusion, and a line for each model and test."""
        status = "adequate" if self.best.adequate else "inadequate"
        rows = [sentence("verdict", "models", self.conclusion, status)]
        for each in self.models:
            text = (
                f"{each.status}, {each.free} free parameters, reduced χ² {each.reduced_chi2:.4g}, "
                f"ΔAIC {with_minus(f'{each.delta_aic:.3g}')}, ΔBIC {with_minus(f'{each.delta_bic:.3g}')}"
            )
            rows.append(sentence(each.name, each.name, text, each.status))
        rows += [sentence("notes", "test", f"{test}.") for test in self.tests]
        return tuple(rows)

    def __str__(self) -> str:
        validated = any(math.isfinite(each.held_out) for each in self.models)
        third = "left out" if validated else "expected"
        heading = ("model", "free", "χ²/dof", third, "Δχ²", "ΔAIC", "ΔBIC", "verdict")
        rows = [_cells(each, validated) for each in self.models]
        said = (
            self.conclusion,
            f"Δ in units of {self.factor:.3g}, the noise of a parameter in χ²; {self.n_independent:.3g} independent "
            f"data; tests at the level {self.level:g}.",
            *(f"test: {test}." for test in self.tests),
        )
        return estimate_table(heading, rows, said)

    __repr__ = __str__

    def document(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        return {
            "conclusion": self.conclusion,
            "models": [each.document() for each in self.models],
            "tests": [vars(test) for test in self.tests],
            "undecided": list(self.undecided),
            "level": self.level,
            "factor": self.factor,
            "n_independent": self.n_independent,
        }


def _cells(each: ComparedModel, validated: bool) -> tuple[str, ...]:
    expected = f"{each.expected:.3g} ± {each.spread:.2g}" if math.isfinite(each.spread) else "–"
    numbers = (each.delta_chi2, each.delta_aic, each.delta_bic)
    return (
        each.name,
        str(each.free),
        f"{each.reduced_chi2:.4g}",
        f"{each.held_out:.4g}" if validated else expected,
        *(_difference(x) for x in numbers),
        each.status,
    )


def _difference(x: float) -> str:
    if not math.isfinite(x):
        return "–"
    return f"{float(f'{x:.3g}'):.0f}" if 100 <= abs(x) < 1e6 else f"{x:.3g}"
