# make run    a virtual environment, a model, a sample feed tagged, and the service on 127.0.0.1:8000
# make test   the same environment with what tests need: lint, types, tests
# make bench  ratios to the naive way, measured side by side

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The set of versions that CI has seen pass; `make pins` renews it.
PINS := .ci/constraints.txt
SAMPLE := tests/data/sample.xml

.PHONY: run test bench pins clean

run: $(VENV)/.run
	$(BIN)/topicwire train --if-missing
	$(BIN)/topicwire tag $(SAMPLE) --to table
	@printf '%s\n' 'Serving on http://127.0.0.1:8000; stop with Ctrl-C. Try:' \
	  '  curl http://127.0.0.1:8000/v1/tag -H "Content-Type: application/rss+xml" --data-binary @$(SAMPLE)' \
	  '  $(BIN)/topicwire tag https://your.example/feed.xml --to table' \
	  '  open http://127.0.0.1:8000/docs'
	$(BIN)/topicwire serve

test: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

bench: $(VENV)/.test
	$(BIN)/python tests/benchmarks/bench.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) || { echo 'No virtual environment could be made; on Debian: apt-get install python3-venv' >&2; exit 1; }

$(VENV)/.run: pyproject.toml $(PINS) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(PINS) --editable .
	touch $@

$(VENV)/.test: pyproject.toml $(PINS) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(PINS) --editable '.[test]'
	touch $@ $(VENV)/.run

pins:
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade --editable '.[test]'
	$(BIN)/python -m pip freeze --exclude-editable > $(PINS)

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
