# Two commands do everything on a machine with Python 3.11 or newer, git and make:
#   make demo   install, read the two sample papers, ask a question that needs both
#   make test   install, format, lint, types, layers, tests (what CI runs)

PYTHON ?= $(shell scripts/find-python)
VENV := .venv
PIP := $(VENV)/bin/python -m pip install --disable-pip-version-check --quiet -c constraints.txt

.PHONY: help demo test format clean

help:
	@sed -n 's/^#   //p' Makefile

demo: $(VENV)/.installed
	@scripts/demo

test: $(VENV)/.installed-dev
	@scripts/check

format: $(VENV)/.installed-dev
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

clean:
	rm -rf $(VENV) .types .stamps demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer was found. Install one, or say which: make PYTHON=/path/to/python" >&2; exit 2; }
	@echo "Making a virtual environment in $(VENV) with $(PYTHON)" >&2
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "python -m venv failed. On Debian or Ubuntu: apt install python3-venv" >&2; exit 2; }

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing pagehop into $(VENV): some minutes the first time" >&2
	@$(PIP) -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing pagehop and what its tests need into $(VENV): some minutes the first time" >&2
	@$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/.installed
