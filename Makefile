# Two commands do everything: `make demo` and `make test`. Both make their own environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test fast lint bench faults compiled bench-compiled clean
.DEFAULT_GOAL := test

$(VENV)/.installed: pyproject.toml requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "fsm_engine needs Python 3.11 or newer. Name one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements-dev.txt -e ".[dev]"
	touch $@

demo: $(VENV)/.installed
	$(BIN)/fsm-engine demo

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fast: $(VENV)/.installed
	$(BIN)/pytest -n 2

test: lint fast
	$(BIN)/pytest -n 2 -m slow

bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks --write

# The same code, compiled with mypyc (needs a C compiler), and the tests of what is compiled.
COMPILED := build/compiled
$(COMPILED)/.installed: $(shell git ls-files fsm_engine flows schema_v2.sql pyproject.toml requirements-dev.txt 2>/dev/null)
	rm -rf $(COMPILED) && mkdir -p $(COMPILED)
	git ls-files -z | tar --null -T - -cf - | tar -xf - -C $(COMPILED)
	$(PYTHON) -m venv $(COMPILED)/.venv
	HATCH_BUILD_HOOK_ENABLE_MYPYC=true $(COMPILED)/.venv/bin/python -m pip install --quiet --disable-pip-version-check \
	  -c requirements-dev.txt "./$(COMPILED)[dev]"
	rm -rf $(COMPILED)/fsm_engine $(COMPILED)/docs && ln -s ../../docs $(COMPILED)/docs
	touch $@

compiled: $(COMPILED)/.installed
	cd $(COMPILED) && .venv/bin/python -c \
	  "import fsm_engine.core.advance as it; assert not it.__file__.endswith('.py'), f'{it.__file__} is not compiled'"
	cd $(COMPILED) && .venv/bin/pytest -n 2 tests/core tests/understanding tests/properties tests/contract tests/risk \
	  flows --deselect tests/understanding/test_language_examples.py

bench-compiled: $(COMPILED)/.installed
	cd $(COMPILED) && .venv/bin/python -m benchmarks.engine --write compiled

faults: $(VENV)/.installed
	$(BIN)/python -m tests.faults --write

clean:
	rm -rf $(VENV) .demo build
