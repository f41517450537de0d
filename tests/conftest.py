"""What holds for every test: the precision of the run, checked shapes and types, and strict promotion.

`HOMODYNE_EQX_TEST_X64=0` runs the suite in float32, anything else or nothing in float64.
"""

import gc
import logging
import os
from pathlib import Path

# Compiled programs are kept between runs, and all processes of a run share them. Before JAX.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / ".pytest_cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

# Programs of tests run once or twice; compiled with few optimisations they are ready in half of the time. Before JAX.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true")

import hypothesis
import jax
import jaxtyping
import pytest

X64 = os.environ.get("HOMODYNE_EQX_TEST_X64", "1") != "0"

jax.config.update("jax_enable_x64", X64)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")

# Every annotated function of the package is checked from here on; so nothing of it may have been imported yet.
jaxtyping.install_import_hook("homodyne_eqx", "beartype.beartype")

# The same examples in every run and on every machine; compilation makes the first one slow, so no deadline.
hypothesis.settings.register_profile(
    "reproducible", deadline=None, derandomize=True, max_examples=25, database=None, print_blob=False
)
hypothesis.settings.load_profile("reproducible")


def pytest_collection_modifyitems(items):
    if not X64:
        for item in items:
            if item.get_closest_marker("x64"):
                item.add_marker(pytest.mark.skip(reason="needs float64"))


def pytest_report_header():
    return f"homodyne_eqx: {'float64' if X64 else 'float32'}, {jax.default_backend()}"


@pytest.fixture(autouse=True, scope="module")
def _nothing_stays_for_the_next_file():
    """Compiled programs of one file are of no use to the next: kept, they fill the memory and slow every collection.
    And what `--quiet` has silenced in this process, another file may count.
    """
    yield
    logging.getLogger("jax").setLevel(logging.NOTSET)
    jax.clear_caches()
    gc.collect()


@pytest.fixture(autouse=True)
def _promotion(request):
    """Optax mixes integers with Python floats: a test that runs it is marked `standard_promotion`."""
    if request.node.get_closest_marker("standard_promotion"):
        with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
            yield
    else:
        yield


def pytest_collection_finish():
    """Imported modules stay, so they need not be searched again; the objects of tracing are freed by themselves."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
