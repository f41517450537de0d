"""A table of a page of docs, made by a benchmark: printed row by row, and written into the page where it is whole."""

import argparse
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any


def make_table(
    page: Path,
    cases: Mapping[str, Any],
    rows_of: Callable[[str, Any, int], Iterator[str]],
    head: str,
    said: Callable[[int], str],
    description: str,
    replicates: int,
) -> None:
    """Read `--replicates` and `--cases`; where all cases were run the table replaces the one of the page.

    **Arguments:** `rows_of`: from name, case and replicates the rows; `said`: from replicates what stands above them.
    """
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("--replicates", type=int, default=replicates)
    arguments.add_argument("--cases", default=",".join(cases))
    given = arguments.parse_args()
    chosen, table = given.cases.split(","), []
    for name in chosen:
        for row in rows_of(name, cases[name], given.replicates):
            print(row, flush=True)
            table.append(row)
    if chosen == list(cases):
        text = re.sub(
            r"(<!-- table -->\n).*(<!-- end -->)",
            lambda m: m[1] + said(given.replicates) + "\n\n" + head + "\n".join(table) + "\n" + m[2],
            page.read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        page.write_text(text, encoding="utf-8")
