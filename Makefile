# The whole interface of a clone. Each target makes .venv first if need be.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check slow bench docs clean

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[audit,boxes,dicom,digits,fast,heic,parquet,serve,tfrecord,dev]'
	touch $(STAMP)

demo: $(STAMP)  ## train on handwritten digits, predict one picture
	$(BIN)/python -m visus.cli.demo

test: $(STAMP)  ## the suite, without what takes minutes
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile

slow: $(STAMP)  ## what takes minutes
	$(BIN)/python -m pytest -m slow

check: $(STAMP)  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(STAMP)  ## every benchmark, short form
	$(BIN)/python -m benchmarks --quick

docs: $(STAMP)  ## the reference page of settings, networks and recipes
	$(BIN)/python -m visus.cli.reference docs/reference.md

clean:  ## remove what the targets made
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
