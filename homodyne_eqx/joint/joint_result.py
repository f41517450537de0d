"""The result of a fit of several data sets: the parameters, a result for each data set, and whether they agree."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np

from ..data import whole_file
from ..data.whole_folder import check_folder, replaced_folder
from ..fit.parameter import Parameter
from ..fit.result.document import fields_of, json_text, verdict_document
from ..fit.result.fit_result import FitResult
from ..fit.result.notebook import summary_html
from ..fit.result.stored_result import write_result
from ..fit.result.summary import ending_rows, parameter_row, prior_sentences, quality_rows, tied_sentences
from ..fit.result.summary_row import Remedy, SummaryRow, sentence
from ..fit.result.table import table_of
from ..fit.solve.ended import Ended
from ..fit.solve.minimise import Iteration
from ..fit.uncertainty.correlations import correlation_matrix
from ..fit.verdict.finding import Finding, Kind
from ..fit.verdict.verdict import Verdict, not_judged
from .agreement import Agreement

JSON = "joint.json"


@final
@dataclass(frozen=True, repr=False)
class JointResult:
    """The outcome of a joint fit. `print` shows its `summary()`; `save` writes it to a folder.

    - `results`: label → `FitResult` of each data set, with the parameters and uncertainties of the joint fit; its
      verdict is on this data set. `result[label]`, or `result[0]` for the first;
    - `alone`: label → `FitResult` of the separate fit of the same data set, `None` if it could not be fitted;
    - `parameters`: name → `Parameter`; those that are not shared have the label in front (`data[1].contrast[0]`);
    - `shared`: names of the shared leaves;
    - `chi2`, `degrees_of_freedom`: of all data and priors;
    - `covariance`: (n_free, n_free), in the order of `free_names`, including the noise of a finite number of speckles;
      `white_noise_covariance`: for noise that is independent from pair to pair;
    - `agreements`: label → whether the data set agrees with the others; `verdict`: whether all are adequate, and agree;
    - `converged`, `ended`, `message`, `history`, `seconds`, `notes`: as of a `FitResult`; `spread` computes the
      covariance, `compared` the agreements, `sentences` the message.

    Uncertainties, agreements and the verdict are computed at first use, for example by `print`.
    """

    results: Mapping[str, FitResult]
    alone: Mapping[str, FitResult | None]
    parameters: Mapping[str, Parameter]
    shared: tuple[str, ...]
    chi2: float
    degrees_of_freedom: int
    white_noise_covariance: np.ndarray
    spread: Callable[[], np.ndarray]
    compared: Callable[[], Mapping[str, Agreement]]
    ended: Ended
    sentences: Callable[[], str]
    history: tuple[Iteration, ...]
    seconds: Mapping[str, float]
    notes: tuple[str, ...]
    loss: str

    def __getitem__(self, label: str | int) -> FitResult:
        return list(self.results.values())[label] if isinstance(label, int) else self.results[label]

    @property
    def converged(self) -> bool:
        return self.ended == Ended.CONVERGED

    @property
    def reduced_chi2(self) -> float:
        return self.chi2 / self.degrees_of_freedom

    @property
    def free_names(self) -> tuple[str, ...]:
        return tuple(name for name, parameter in self.parameters.items() if parameter.free)

    @cached_property
    def message(self) -> str:
        """How the fit ended, as of a `FitResult`."""
        return self.sentences()

    @cached_property
    def covariance(self) -> np.ndarray:
        return self.spread()

    @property
    def correlations(self) -> np.ndarray:
        """Correlation coefficients of the free parameters, (n_free, n_free), in the order of `free_names`."""
        return correlation_matrix(self.covariance)

    @cached_property
    def agreements(self) -> Mapping[str, Agreement]:
        """Label → comparison of the separate fit of a data set with the joint fit; computed at first use."""
        return self.compared()

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the model describes every data set, with one set of the shared parameters."""
        if not self.ended.at_minimum:
            return not_judged()
        findings = [_apart(each) for each in self.agreements.values() if not each.agrees]
        for label, result in self.results.items():
            findings += [_of_member(label, result.verdict)] if not result.verdict.adequate else []
        if not findings:
            agree = ", and they agree" if self.agreements else ""
            text = f"the residuals of all {len(self.results)} data sets are those of the noise{agree}."
        else:
            text = " ".join(finding.text for finding in findings)
        size = self.degrees_of_freedom
        expected = sum(r.verdict.expected_reduced_chi2 * r.degrees_of_freedom for r in self.results.values()) / size
        spread = np.sqrt(sum((r.verdict.spread * r.degrees_of_freedom) ** 2 for r in self.results.values())) / size
        return Verdict(
            adequate=not findings,
            text=text,
            expected_reduced_chi2=float(expected),
            spread=float(spread),
            worst_sector=None,
            worst_frame=None,
            remedies=tuple(dict.fromkeys(remedy for finding in findings for remedy in finding.remedies)),
            findings=tuple(findings),
        )

    def summary(self) -> tuple[SummaryRow, ...]:
        """All rows of the report, with the texts that `print` shows."""
        return self._rows

    @cached_property
    def _rows(self) -> tuple[SummaryRow, ...]:
        return tuple(_rows_of(self))

    def __str__(self) -> str:
        return table_of(self.summary())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return summary_html(self.summary())

    def to_dict(self) -> dict[str, Any]:
        """The joint fit as plain numbers, strings, lists and dictionaries."""
        return {
            "verdict": verdict_document(self.verdict),
            "converged": self.converged,
            "ended": str(self.ended),
            "message": self.message,
            "chi2": self.chi2,
            "degrees_of_freedom": self.degrees_of_freedom,
            "reduced_chi2": self.reduced_chi2,
            "loss": self.loss,
            "shared": list(self.shared),
            "summary": [row.to_dict() for row in self.summary()],
            "parameters": {name: fields_of(p) for name, p in self.parameters.items()},
            "covariance": {"names": list(self.free_names), "matrix": self.covariance},
            "white_noise_covariance": {"names": list(self.free_names), "matrix": self.white_noise_covariance},
            "agreements": {label: {**vars(each), "agrees": each.agrees} for label, each in self.agreements.items()},
            "data": list(self.results),
            "notes": list(self.notes),
            "seconds": dict(self.seconds),
        }

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the result to a folder, whole or not at all: `joint.json`, and a folder for each data set, which
        `FitResult.load` reads.

        **Arguments:** `path`: a folder, made unless it is there and empty, or a name that ends in `.json` for that file
        alone; `overwrite`: replace a former result.

        **Returns:** the path. **Raises:** `FileExistsError` if the path exists and `overwrite` is not given, or if the
        folder holds other files; `ValueError` for labels that cannot be names of folders.
        """
        path = Path(path)
        if path.suffix == ".json":
            with whole_file(path, overwrite=overwrite) as temporary:
                Path(temporary).write_text(json_text(self.to_dict()), encoding="utf-8")
            return path
        wrong = [label for label in self.results if not label or set(label) & set("/\\:\0") or label.startswith(".")]
        if wrong:
            raise ValueError(f"The label {wrong[0]!r} cannot be the name of a folder. Choose another for the data set.")
        check_folder(path, overwrite, {JSON, *self.results})
        with replaced_folder(path) as folder:
            for label, result in self.results.items():
                (folder / label).mkdir()
                write_result(result, folder / label, {})
            (folder / JSON).write_text(json_text(self.to_dict()), encoding="utf-8")
        return path


def _apart(agreement: Agreement) -> Finding:
    remedy = Remedy("separate", (agreement.parameter.partition("[")[0],))
    return Finding(Kind.SET, str(agreement), agreement.chi2 / agreement.limit, (remedy,))


def _of_member(label: str, verdict: Verdict) -> Finding:
    return Finding(Kind.SET, f"{label}: {verdict.text}", max((f.size for f in verdict.findings), default=1.0))


def _rows_of(result: JointResult) -> Iterator[SummaryRow]:
    verdict = result.verdict
    yield sentence("verdict", "model", verdict.text, "adequate" if verdict.adequate else "inadequate", verdict.remedies)
    for of_scaling in (False, True):
        for p in result.parameters.values():
            if p.of_scaling == of_scaling:
                yield parameter_row("scaling" if of_scaling else "parameters", p)
    for label, each in result.results.items():
        for p in each.derived.values():
            row = parameter_row("derived", p)
            yield SummaryRow(**{**vars(row), "name": f"{label}.{p.name}"})
    yield from quality_rows(result)
    yield from ending_rows(result)
    yield from (sentence("notes", "note", note) for note in result.notes)
    yield from tied_sentences(result)
    yield from prior_sentences(result)
    yield from (sentence("notes", "agreement", str(each)) for each in result.agreements.values() if each.agrees)
    for label, each in result.results.items():
        text = f"{label}: reduced χ² {each.reduced_chi2:.3g}, {each.verdict.expected_reduced_chi2:.3g} expected"
        yield sentence("notes", "data set", text + ".")
