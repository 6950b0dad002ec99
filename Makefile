# make run    a virtual environment, a model, a sample feed tagged, and the service on 127.0.0.1:8000
# make test   the same environment with what tests need: lint, types, tests
# make bench  ratios to other ways, measured side by side; options in BENCH, as BENCH="feed.xml --long --write"

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The set of versions that CI has seen pass; `make pins` renews it.
PINS := .ci/constraints.txt
URL := http://$(or $(TOPICWIRE_HOST),127.0.0.1):$(or $(TOPICWIRE_PORT),8000)
SAMPLE := tests/data/sample.xml

.PHONY: run test bench pins clean

run: $(VENV)/.run
	$(BIN)/topicwire train --if-missing
	$(BIN)/topicwire tag $(SAMPLE) --to table
	@printf '%s\n' "About to serve on $(URL); stop with Ctrl-C. Try:" \
	  '  curl $(URL)/v1/tag -H "Content-Type: application/rss+xml" --data-binary @$(SAMPLE)' \
	  '  $(BIN)/topicwire tag https://your.example/feed.xml --to table' \
	  '  open $(URL)/docs'
	$(BIN)/topicwire serve

test: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

bench: $(VENV)/.bench
	$(BIN)/python tests/benchmarks/bench.py $(BENCH)

$(VENV)/bin/python:
	@# Debian keeps what virtual environments need in a package of its own; as root, as in a container, it can be had.
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); [ "$$(id -u)" = 0 ] && apt-get update -qq \
	  && apt-get install -y -qq python3-venv && $(PYTHON) -m venv $(VENV); } \
	  || { rm -rf $(VENV); echo 'No virtual environment could be made; on Debian: apt-get install python3-venv' >&2; exit 1; }

$(VENV)/.run: pyproject.toml $(PINS) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(PINS) --editable .
	touch $@

$(VENV)/.bench: pyproject.toml $(PINS) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(PINS) --editable '.[test,plot,bench]'
	touch $@ $(VENV)/.test $(VENV)/.run

$(VENV)/.test: pyproject.toml $(PINS) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(PINS) --editable '.[test]'
	touch $@ $(VENV)/.run

pins:
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade --editable '.[test,plot,bench]'
	$(BIN)/python -m pip freeze --exclude-editable > $(PINS)

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
