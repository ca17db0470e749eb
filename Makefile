# Two commands do it all from a fresh clone: `make demo` and `make test`.
# They need Python >= 3.10 and make; everything else goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEV := $(VENV)/.installed-dev
RUN := $(VENV)/.installed-run
METADATA := setup.cfg setup.py pyproject.toml src/streamcontract/_version.py \
	$(wildcard src/streamcontract/codec/_native*.p[yx]*)

.DEFAULT_GOAL := help
.PHONY: help demo test test-native test-long check lint format types layers drift check-install bench coverage clean

help:  ## Show what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "streamcontract needs Python >= 3.10; name one: make PYTHON=python3.12 ..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(RUN): $(BIN)/python $(METADATA)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEV): $(BIN)/python $(METADATA)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(RUN)

demo: $(RUN)  ## Publish and consume 12,154 real stock bars on the embedded stack
	$(BIN)/streamcontract demo

test: $(DEV)  ## Run the tests on the embedded stack
	$(BIN)/python -m pytest -n 2

test-native: $(DEV)  ## Run the tests of the codec and the clients on the native engine
	STREAMCONTRACT_ENGINE=native $(BIN)/python -m pytest -n 2 tests/codec tests/kafka

test-long: $(DEV)  ## Try the compatibility properties on thousands of pairs of schemas
	STREAMCONTRACT_EXAMPLES=2000 $(BIN)/python -m pytest -n 2 tests/compatibility

check: lint types layers drift  ## Lint, types, import layers, generated code

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(DEV)  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(DEV)
	$(BIN)/mypy

layers: $(DEV)
	$(BIN)/lint-imports

drift: $(DEV)
	$(BIN)/streamcontract generate --check
	cd examples/orders && ../../$(BIN)/streamcontract generate --check

check-install: $(BIN)/python  ## Build the wheel and use it in an environment of its own
	@scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && \
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$$scratch" . && \
	$(BIN)/python -m venv "$$scratch/venv" && \
	"$$scratch/venv/bin/pip" install --quiet --disable-pip-version-check "$$scratch"/*.whl && \
	cd "$$scratch" && \
	venv/bin/python -c "from streamcontract import Stock, StockProducer; print('installed:', Stock, StockProducer)" && \
	venv/bin/streamcontract demo

coverage: $(DEV)  ## Run the tests and report branch coverage
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term

bench: $(BIN)/python  ## Measure against the peers, side by side
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python -m benchmarks

clean:  ## Remove the environment and every cache
	rm -rf $(VENV) build dist src/*.egg-info src/streamcontract/codec/_native*.c src/streamcontract/codec/_native*.so .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
