"""The pages of the documented API: every block of Python in them runs."""

import inspect
import re
from pathlib import Path

import jax
import pytest

DOCS = Path(__file__).parents[2] / "docs"


def source(page: str) -> str:
    blocks = re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert blocks
    # The precision of a run of the tests is set before it begins.
    return "\n".join(blocks).replace('jax.config.update("jax_enable_x64", True)', "")


@pytest.mark.standard_promotion
@pytest.mark.parametrize("page", [pytest.param("api/jax_backend.md", marks=pytest.mark.slow), "migration.md"])
def test_examples_run(page):
    precision = jax.config.jax_enable_x64
    exec(compile(source(page), page, "exec"), {})
    assert jax.config.jax_enable_x64 == precision


def test_every_public_function_has_its_place_on_the_page():
    from homodyne_eqx import documented_api as jb

    page = (DOCS / "api" / "jax_backend.md").read_text(encoding="utf-8")
    public = [name for name, value in vars(jb).items() if callable(value) and not name.startswith("_")]
    assert len(public) > 15
    for name in public:
        assert f"`{name}" in page, name


def test_the_documented_path_holds_these_functions_and_nothing_else():
    from homodyne_eqx import documented_api
    from homodyne_eqx.core import jax_backend

    # The hook that checks types in tests imports modules of its own.
    names = {name for name, value in vars(jax_backend).items() if not inspect.ismodule(value)}
    public = {name for name in names if not name.startswith("_")}
    assert public == {*documented_api.__all__} == {*jax_backend.__all__}
    assert all(getattr(jax_backend, name) is getattr(documented_api, name) for name in public)
    assert jax_backend._MESHGRID_CACHE_MAX_SIZE == 64  # as in the published packages
