# Two commands do it all from a fresh clone: `make demo` and `make test`.
# They need Python >= 3.10 and make; everything else goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEV := $(VENV)/.installed-dev
RUN := $(VENV)/.installed-run
METADATA := setup.cfg setup.py pyproject.toml tools/pyproject.toml src/streamcontract/_version.py \
	src/streamcontract/codec/stamp.py \
	$(wildcard src/streamcontract/*/_native*.p[yx]*)

.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-portable test-long check lint format types layers drift bench coverage clean

help:  ## Show what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "streamcontract needs Python >= 3.10; name one: make PYTHON=python3.12 ..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(RUN): $(BIN)/python $(METADATA)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# The tests are collected once, which compiles them and the package; else each worker would. What is
# wrong with them is for the target to say that runs them.
$(DEV): $(BIN)/python $(METADATA)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' --editable tools
	@$(PYTEST) --collect-only --quiet >/dev/null 2>&1 || true
	@touch $@ $(RUN)

# Named by what is installed, an extra brings its packages alone: the native code is not built again.
PIP_EXTRA := $(BIN)/python -m pip install --quiet --disable-pip-version-check

demo: $(RUN)  ## Publish and consume 12,154 real stock bars on the embedded stack
	$(BIN)/streamcontract demo

# More workers than two cores have: much of the time is waiting, for brokers and processes. But each
# collects all tests, which takes five seconds of a core.
# Bytecode is kept, whatever the environment says: the tests start hundreds of interpreters, each of
# which would compile the package anew.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest
PARALLEL := -n 6 --dist worksteal

# What takes less than two minutes: a few examples of each property, the same each time.
test: $(DEV)  ## Run the tests on the embedded stack
	$(PYTEST) $(PARALLEL) -m "not searching"

# Markers: `hypothesis` is on every property, by Hypothesis itself.
SEARCHES := $(PARALLEL) -m "searching or hypothesis"

test-all: test test-portable  ## Run the tests, then every search, with the same seeds each time
	$(PYTEST) $(SEARCHES) --hypothesis-profile=searching

test-portable: $(DEV)  ## Run the tests of the codec and the clients on the portable engine
	STREAMCONTRACT_ENGINE=portable $(PYTEST) $(PARALLEL) -m "not searching" tests/codec tests/kafka

test-long: $(DEV)  ## Run every search on ten times as many examples, with other seeds each time
	$(PYTEST) $(SEARCHES) --hypothesis-profile=long

# The tests that depend on brokers or a registry; the others would be the same there.
STACK_TESTS := tests/kafka tests/registry tests/cli tests/examples tests/export tests/sql tests/stacks \
	tests/docs/test_tutorial.py

.PHONY: test-arrow-avro test-oldest test-kafka test-clients test-guides test-redpanda reliability

# The oldest confluent-kafka that streamcontract.kafka.versions takes, in front of the installed one.
# Share consumers and the scripted clients of the tests need newer ones, and are skipped.
OLDEST := .venvs/oldest-confluent-kafka

test-oldest: $(DEV)  ## Run the tests of the clients on the oldest confluent-kafka that is supported
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --target $(OLDEST) \
	  "confluent-kafka[avro] ~= $$($(BIN)/python -c 'from streamcontract.kafka.versions import OLDEST; print(*OLDEST, 0, sep=".")')"
	PYTHONPATH=$(OLDEST) $(PYTEST) $(PARALLEL) -m "not searching" tests/kafka

test-kafka: $(DEV)  ## Run the tests of the broker path on Apache Kafka and Apicurio Registry (Maven, JDK 17)
	$(PYTEST) --hypothesis-profile=searching --streamcontract-stack=kafka $(STACK_TESTS)

test-arrow-avro: $(DEV)  ## Compare columns with those of the Rust crate arrow-avro (cargo; minutes the first time)
	$(BIN)/python -c "from benchmarks import crate; raise SystemExit(None if crate.build() else 'no cargo')"
	$(PYTEST) -rs tests/columns/test_peers.py

test-clients: $(DEV)  ## Run other clients (Java, Python, Node.js) against streamcontract dev on Apache Kafka
	$(PYTEST) -rs --streamcontract-stack=kafka tests/clients

# Heavy packages of their own versions, in an environment that sees those of .venv after them. What
# cannot be installed is reported and left out, its guide is skipped, and the next run tries again.
GUIDES := .venvs/guides
GUIDES_MADE := $(GUIDES)/.installed
PURELIB := -c 'import sysconfig; print(sysconfig.get_path("purelib"))'
PIP_GUIDES := $(GUIDES)/bin/python -m pip install --quiet --disable-pip-version-check

$(GUIDES_MADE): $(DEV)
	$(BIN)/python -m venv $(GUIDES)
	@echo "import site; site.addsitedir('$$($(BIN)/python $(PURELIB))')" \
	  > "$$($(GUIDES)/bin/python $(PURELIB))/development.pth"
	@$(PIP_GUIDES) 'streamcontract[guides]' && touch $@ || { \
	  sed -n '/^guides =/,/^[^ ]/s/^    //p' setup.cfg | { failed=; while read -r package; do \
	    $(PIP_GUIDES) "$$package" </dev/null || failed="$$failed $$package"; done; \
	  if test -z "$$failed"; then touch $@; else echo "NOT INSTALLED:$$failed; guides that need them" \
	    "are skipped, and the next make test-guides tries again" >&2; fi; }; }

# Messages of the test of Spark; 1_000_000 take minutes.
SPARK_MESSAGES ?= 10_000

# Java compiles in its fast way: the runs are short.
test-guides: $(GUIDES_MADE)  ## Run the guides into Spark, Ray, Iceberg, FastStream, Quix Streams and Bytewax
	SPARK_MESSAGES=$(SPARK_MESSAGES) JAVA_TOOL_OPTIONS="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC" \
	  PYTHONDONTWRITEBYTECODE= $(GUIDES)/bin/python -m pytest -rs --streamcontract-stack=kafka tests/spark tests/guides

test-redpanda: $(DEV)  ## Run the tests of the broker path on Redpanda (Docker)
	@docker info >/dev/null 2>&1 || { echo "make test-redpanda needs a Docker engine that runs;" \
	  "without one, make test-kafka runs the same tests on Apache Kafka" >&2; exit 2; }
	@trap 'docker compose down --volumes' EXIT && docker compose up --detach --wait && \
	$(PYTEST) --hypothesis-profile=searching --streamcontract-stack=redpanda $(STACK_TESTS)

# Records of each run; the results are in docs/reliability.md.
MESSAGES ?= 1_000_000

reliability: $(DEV)  ## Kill and pause servers and clients under load on Apache Kafka, soak clients; count what came
	$(BIN)/python -m reliability all --messages $(MESSAGES)

# Minutes that `make fuzz` takes, and messages of `make leaks`.
FUZZ_MINUTES ?= 30
RECORDS ?= 1_000_000

# Not everywhere to be had, so no part of the development tools; where it is not, fuzzing says so.
ATHERIS := $(shell sed -n 's/^ *\(atheris.*\)/\1/p' setup.cfg)

.PHONY: atheris fuzz fuzz-bounded sanitize sanitize-bounded leaks

atheris: $(DEV)
	-@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: '$(ATHERIS)'

fuzz: atheris  ## Fuzz both engines for FUZZ_MINUTES (30)
	$(BIN)/python -m fuzz --seconds $$(( $(FUZZ_MINUTES) * 60 ))

fuzz-bounded: atheris
	$(BIN)/python -m fuzz --seconds 60

sanitize: $(DEV)  ## Run the native engine under AddressSanitizer and UBSan
	$(BIN)/python -m fuzz.sanitize

sanitize-bounded: $(DEV)
	$(BIN)/python -m fuzz.sanitize --bounded --inputs 1_500

leaks: $(DEV)  ## Count references and memory over RECORDS (1,000,000) on each engine
	$(BIN)/python -m fuzz.leaks --records $(RECORDS)

.PHONY: test-browser screenshots

BROWSER := $(VENV)/.installed-browser
BROWSER_TESTS = CHROMIUM=$$(command -v chromium) $(PYTEST)

$(BROWSER): $(DEV)
	$(PIP_EXTRA) 'streamcontract[browser]'
	@touch $@

# Debian's Chromium; Playwright brings none of its own here. Installed where that is possible.
test-browser: $(BROWSER)  ## Use the console in Chromium: each page and filter, the tail under load, axe
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || true
	@if command -v chromium >/dev/null; then $(BROWSER_TESTS) tests/browser; \
	else echo "SKIPPED make test-browser: it needs Chromium (apt-get install chromium)"; fi

screenshots: $(BROWSER)  ## Take the screenshots of the documentation anew
	SCREENSHOTS=docs/screenshots $(BROWSER_TESTS) tests/browser -k screenshots

.PHONY: test-seeded-faults test-mutants

test-seeded-faults: $(DEV)  ## Break a copy in many small ways, and see that the tests notice each
	$(BIN)/python -m mutation.seeded

test-mutants: $(DEV)  ## Mutate resolution, compatibility and wire, and see what survives
	$(PIP_EXTRA) 'streamcontract[mutants]'
	$(BIN)/python -m mutation.mutants

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
	cd examples/statistics && ../../$(BIN)/streamcontract generate --check
	cd tests/typed && ../../$(BIN)/streamcontract generate --check

# Every interpreter of this machine from 3.10 on, and those of the supported versions that Debian has;
# `make wheels PYTHONS="3.10 3.14"` confines it to some. Environments of their own are in .venvs.
PYTHONS ?=
RELEASE := $(VENV)/.installed-release

.PHONY: pythons test-pythons wheels release

$(RELEASE): $(DEV)
	$(PIP_EXTRA) 'streamcontract[release]'
	@touch $@

pythons: $(RELEASE)  ## Show the interpreters that the next two use
	@$(BIN)/python -m release.interpreters $(PYTHONS)

test-pythons: $(RELEASE)  ## Run make test on every interpreter, PYTHONS="3.10 3.14" for some
	@$(BIN)/python -m release.suites $(PYTHONS)

wheels: $(RELEASE)  ## Build a wheel for every interpreter, and the source distribution; try each
	@$(BIN)/python -m release.wheels $(PYTHONS)

release: $(RELEASE)  ## Build and try what is uploaded, from a commit with its version's tag
	@$(BIN)/python -m release

.PHONY: docs figures

# The site is built in an environment of its own, in which the package is that of src/ with the native
# parts of .venv. Once both are there, nothing is asked of any network.
DOCS := .venvs/docs
DOCS_REQUIREMENTS := import configparser; c = configparser.ConfigParser(interpolation=None); \
	c.read("setup.cfg"); print(c["options"]["install_requires"], c["options.extras_require"]["docs"])

$(DOCS)/.installed: setup.cfg
	$(PYTHON) -m venv $(DOCS)
	$(PYTHON) -c '$(DOCS_REQUIREMENTS)' | \
	  $(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check -r /dev/stdin
	@touch $@

docs: $(RUN) $(DOCS)/.installed  ## Build the documentation site into site/, strictly: no broken link, nothing from outside
	NO_MKDOCS_2_WARNING=1 PYTHONPATH=src:tools $(DOCS)/bin/python -m mkdocs build --strict

figures: $(DEV)  ## Draw the figures of the tutorial
	$(BIN)/python -m figures

.PHONY: audit kafka-artifacts

kafka-artifacts: $(DEV)  ## Pin the files that Apache Kafka runs on, after a change of its version (Maven)
	@$(BIN)/python -m release.kafka_artifacts

audit: $(DEV)  ## Look the installed packages up among known vulnerabilities
	@$(PIP_EXTRA) 'streamcontract[audit]'
	@$(BIN)/python .ci/audit

coverage: $(DEV)  ## Run the tests and report branch coverage
	$(PYTEST) -n 2 --hypothesis-profile=searching --cov --cov-report=term

bench: $(BIN)/python  ## Measure against the peers, side by side
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]' --editable tools
	$(BIN)/python -m benchmarks

clean:  ## Remove the environment and every cache
	rm -rf $(VENV) .venvs build dist site src/*.egg-info src/streamcontract/*/_native*.c src/streamcontract/*/_native*.so .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
