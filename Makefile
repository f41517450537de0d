# make demo    fit the bundled data, on a bare machine with python3 (3.11 or newer)
# make test    lint, type check and tests, in float64 and, of what computes, in float32
# make check   lint, type check and a selection of tests, in some three minutes
# make test-slow  the tests that `make test` leaves out: those of more than some ten seconds, in float64
# make bench   every benchmarks/bench_*.py
# make docs    the documentation site: open site/index.html in a browser, no server is needed
# make format  rewrite the code in the project's format
#
# Each makes the virtual environment it needs, once: VENV says where, PYTHON from which interpreter.

PYTHON ?= python3
VENV ?= .venv
PYTEST_OPTIONS ?= -n auto --maxprocesses 4 --dist loadfile
# What computes, and so is tested in float32 as well.
PRECISION_MATTERS := tests/solvers tests/physics tests/engine tests/noise tests/fit/test_fit.py \
  tests/documented_api/test_documented_functions.py tests/documented_api/test_reference_values.py

BIN := $(VENV)/bin
INSTALL := "$(BIN)/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
BENCHMARKS := $(sort $(wildcard benchmarks/bench_*.py))

# What a change breaks most often, and what takes no compiler to find.
FIRST := tests/test_architecture.py tests/test_documents.py tests/data tests/noise tests/preparation \
  tests/engine/test_packing.py tests/app/test_configuration.py tests/app/test_command_line_page.py

.PHONY: demo test check lint test-float64 test-float32 test-slow bench docs format clean

demo: $(VENV)/.installed-all
	"$(BIN)/homodyne-eqx" demo

test: lint test-float64 test-float32

check: lint
	OPENBLAS_NUM_THREADS=1 HOMODYNE_EQX_TEST_X64=1 "$(BIN)/python" -m pytest $(PYTEST_OPTIONS) -m "not slow" $(FIRST)

lint: $(VENV)/.installed-dev
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/pyright" --pythonpath "$(BIN)/python"

test-float64: $(VENV)/.installed-dev
	OPENBLAS_NUM_THREADS=1 HOMODYNE_EQX_TEST_X64=1 "$(BIN)/python" -m pytest $(PYTEST_OPTIONS) -m "not slow"

test-slow: $(VENV)/.installed-dev
	OPENBLAS_NUM_THREADS=1 HOMODYNE_EQX_TEST_X64=1 "$(BIN)/python" -m pytest $(PYTEST_OPTIONS) -m slow

test-float32: $(VENV)/.installed-dev
	OPENBLAS_NUM_THREADS=1 HOMODYNE_EQX_TEST_X64=0 "$(BIN)/python" -m pytest $(PYTEST_OPTIONS) -m "not slow" $(PRECISION_MATTERS)

bench: $(VENV)/.installed-all
	@test -n "$(BENCHMARKS)" || { echo "There is no benchmarks/bench_*.py to run." >&2; exit 1; }
	@set -e; for script in $(BENCHMARKS); do echo "== $$script"; "$(BIN)/python" $$script; done

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 "$(BIN)/python" -m mkdocs build --strict

format: $(VENV)/.installed-dev
	"$(BIN)/ruff" check --fix .
	"$(BIN)/ruff" format .

clean:
	rm -rf site build dist .pytest_cache .ruff_cache

# One stamp for each set of extras; a change of what is to be installed makes it anew.
$(VENV)/.installed-%: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing homodyne_eqx [$*] into $(VENV); the first time this downloads some 200 MB."
	$(INSTALL) --editable ".[$*]"
	@touch "$@"

$(VENV)/bin/python:
	@$(PYTHON) -c "" || { echo "There is no '$(PYTHON)'. Install Python 3.11 or newer, or name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { \
	  echo "'$(PYTHON)' is $$($(PYTHON) --version); homodyne_eqx needs 3.11 or newer. Name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c "import ensurepip, venv" 2>/dev/null || { \
	  echo "'$(PYTHON)' has no venv module, which makes virtual environments." >&2; \
	  echo "Debian, Ubuntu: sudo apt install python3-venv. Elsewhere: take the python.org, conda or pyenv Python." >&2; exit 1; }
	$(PYTHON) -m venv "$(VENV)"
