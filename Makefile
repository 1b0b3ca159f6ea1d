# make run | test | lint | bench: each sets up what it needs; a second call reuses what the first installed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PINNED = $(shell $(PYTHON) -c 'import sys; print("--constraint constraints.txt" if sys.version_info[:2] == (3, 11) else "")')
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run test lint bench format setup clean

run: $(READY)
	@if [ -t 1 ]; then $(BIN)/alphamind up; else $(BIN)/alphamind up --for 60s; fi

test: $(READY)
	$(BIN)/pytest --cov --cov-report=term --cov-fail-under=90

lint: $(READY)
	$(BIN)/black --check --quiet . || ($(BIN)/black --check . ; exit 1)
	$(BIN)/flake8
	$(BIN)/mypy

bench: $(READY)
	@for file in $$(grep -l "__main__" tests/benchmarks/*.py); do \
		$(BIN)/python -m tests.benchmarks.$$(basename $$file .py) || exit 1; \
	done

format: $(READY)
	$(BIN)/black --quiet .

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Python 3.10 or newer is needed; found: $$($(PYTHON) --version 2>&1). Name another with make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		echo "the pinned versions are for Python 3.11; $$($(PYTHON) --version 2>&1) takes what fits it"
	@$(PYTHON) -m venv $(VENV) || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv && $(PYTHON) -m venv $(VENV); \
		else echo "Python cannot make virtual environments: install the package python3-venv, then call make again"; exit 1; fi; }
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install -qq $(PINNED) --editable '.[dev]'
	@if command -v c++ >/dev/null || command -v g++ >/dev/null; then \
		echo "compiling the FIX library (some minutes, once)"; \
		CXXFLAGS="-O1 -g0" $(BIN)/python -m pip install --quiet $(PINNED) 'quickfix==1.16.0' || \
			echo "FIX is off: the quickfix library did not compile (are Python's headers, python3-dev, there? then: rm $(READY) && make setup); everything else works"; \
	else echo "FIX is off: no C++ compiler (install g++, then: rm $(READY) && make setup); everything else works"; fi
	@touch $(READY)

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .hypothesis
