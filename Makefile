# The targets are listed by `make help`. All that a machine needs first is Python 3.11 or newer, git and make.

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
NOTEBOOKS := $(wildcard notebooks)
MINISTACK := ministack>=1.5.33,<1.6

# The first of these that is new enough. Say `make PYTHON=/path/to/python3.12 …` to choose another.
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python
PYTHON = $(shell for name in $(CANDIDATES); do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$name; break; }; done)

# Tests and notebooks must never meet the user's own AWS settings.
NO_AWS := unset $$(env | sed -n 's/^\(AWS_[A-Za-z0-9_]*\)=.*/\1/p') _; \
	export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true;

# One process a core. A file's tests stay together: they share a server, a notebook's cells a kernel.
# tests/conftest.py puts the files first that take longest, so that no core waits for one at the end.
JOBS ?= auto
IN_PARALLEL = -n $(JOBS) --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help drill test check lab notebooks bench lint format clean

## help: show this list
help:
	@sed -n 's/^## \([a-z]*\): /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

## drill: the whole walk-through on the emulator, headless; evidence in out/ (ARGS='--set desired_count=3')
drill: $(VENV)/runtime.stamp
	@$(BIN)/runbook drill --out out $(ARGS)

## test: every test, and every notebook against its committed outputs (ARGS='-k breaker')
test: $(VENV)/dev.stamp
	@$(NO_AWS) $(BIN)/python -m pytest $(IN_PARALLEL) --nbval --nbval-current-env tests $(NOTEBOOKS) $(ARGS)

## check: lint, and the tests that need no browser and no whole drill: two minutes, for who edits
check: lint
	@$(NO_AWS) $(BIN)/python -m pytest $(IN_PARALLEL) -q -m "not whole" tests $(ARGS)

## lab: JupyterLab on your own copy of the notebooks, beside one shared emulator
lab: $(VENV)/runtime.stamp
	@$(BIN)/runbook lab $(ARGS)

## notebooks: execute every notebook again, in place, with clean metadata
notebooks: $(VENV)/dev.stamp
	@$(BIN)/python tools/write_navigation.py
	@$(BIN)/python tools/execute_notebooks.py $(ARGS)

## bench: side by side with others, a table of ratios; results in benchmarks/results/ (ARGS='-k import')
bench: $(VENV)/bench.stamp
	@MINISTACK=$(VENV)/ministack/bin/ministack $(BIN)/python -m benchmarks $(ARGS)

## lint: style, types, spelling, the notebook rules
lint: $(VENV)/dev.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/codespell
	@$(BIN)/python tools/check_notebooks.py
	@$(BIN)/python tools/write_navigation.py --check
	@$(BIN)/python tools/draw_overview.py --check
	@$(BIN)/python tools/write_fidelity.py --check
	@$(BIN)/python tools/write_rooms.py --check

## format: put code and notebooks into the house style
format: $(VENV)/dev.stamp
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/python tools/execute_notebooks.py --clean-only
	@$(BIN)/python tools/write_navigation.py
	@$(BIN)/python tools/draw_overview.py
	@$(BIN)/python tools/write_fidelity.py
	@$(BIN)/python tools/write_rooms.py

## clean: remove the virtual environment, the evidence and every cache
clean:
	@rm -rf $(VENV) out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +
	@find . -name .ipynb_checkpoints -prune -exec rm -rf {} +

define install
@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	test -n "$(PYTHON)" || { echo "error: Python 3.11 or newer is needed; none of $(CANDIDATES) is" >&2; exit 1; }; \
	echo "Making $(VENV) with $(PYTHON) ..."; \
	"$(PYTHON)" -m venv --clear $(VENV) || { \
		echo "error: $(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }; }
@echo "Installing $(1) into $(VENV) (a minute or two, only when pyproject.toml has changed) ..."
@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '$(2)'
endef

$(VENV)/runtime.stamp: pyproject.toml
	$(call install,the runbook and its notebooks,.[notebooks])
	@touch $@

$(VENV)/dev.stamp: pyproject.toml
	$(call install,the runbook and its test tools,.[dev])
	@touch $(VENV)/runtime.stamp $@

# ministack pins a botocore that is not ours: it gets an environment of its own.
$(VENV)/bench.stamp: pyproject.toml
	$(call install,the runbook and what it is measured against,.[bench])
	@$(BIN)/python -m venv $(VENV)/ministack
	@$(VENV)/ministack/bin/python -m pip install --quiet --disable-pip-version-check '$(MINISTACK)'
	@touch $(VENV)/runtime.stamp $@
