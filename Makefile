# Two commands do everything: `make demo` and `make test`. Both make their own environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test fast lint bench faults clean
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

faults: $(VENV)/.installed
	$(BIN)/python -m tests.faults --write

clean:
	rm -rf $(VENV) .demo
