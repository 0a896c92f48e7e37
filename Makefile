# Two commands do all the set-up: `make demo` and `make test`. Everything lives in .venv and .cache.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# So many processes run the tests; those of one file stay in one process.
JOBS   ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast check bench soak dev snapshots picture sandbox clean

help: ## say what each target does
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "kmon-tui needs Python 3.11 or newer; say which one: make PYTHON=python3.12 …" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "cannot make $(VENV): on Debian and Ubuntu install python3-venv" >&2; rm -rf $(VENV); exit 1; }
	@echo "installing kmon-tui into $(VENV) (once)…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@$(BIN)/python -m compileall -q kmon_tui  # pip compiles what it copies, and this is not copied
	@touch $@

$(VENV)/.dev: $(READY)
	@echo "installing what the tests need into $(VENV) (once)…"
	@$(BIN)/python scripts/dev_requirements.py > $(VENV)/dev-requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --requirement $(VENV)/dev-requirements.txt
	@touch $@

demo: $(READY) ## see kmon-tui at work on its built-in cluster
	@$(BIN)/kmon-tui --demo

sandbox: $(READY) ## run the built-in cluster alone, for kubectl and curl
	@$(BIN)/kmon-tui sandbox

test: $(VENV)/.dev ## run all tests
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

test-fast: $(VENV)/.dev ## run the tests that start no foreign program
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "not e2e"

check: $(VENV)/.dev ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.dev ## measure speed and memory (ratios in one run; fails on no figure)
	@$(BIN)/python -m benchmarks

soak: $(VENV)/.dev ## thirty forwards at once while things go wrong; every byte is checked
	@$(BIN)/python -m benchmarks soak

dev: $(VENV)/.dev ## run the demo with styles that reload when edited
	@KMON_WATCH_CSS=1 $(BIN)/kmon-tui --demo

snapshots: $(VENV)/.dev ## draw the snapshots anew (look at each before you commit it)
	@$(BIN)/python -m pytest tests/ui --snapshot-update

picture: $(READY) ## draw docs/fleet.svg anew from the demo
	@$(BIN)/python scripts/picture.py

clean: ## remove .venv, caches and build output
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
