# Every command that a developer or CI needs; `make` alone lists them.
# POSIX sh and GNU make 3.81 suffice: that is what macOS brings.

PYTHON ?= python3
VENV := .venv
VENV_PYTHON := $(VENV)/bin/python
UV := $(VENV)/bin/uv

# Containers like to set it; each process would then compile all modules anew, which takes seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test faults check format bench migrate lock clean

help: ## List these commands
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/check.installed ## Install all that running, testing and checking need

run: $(VENV)/runtime.installed ## Serve on http://localhost:8000 (HOST, PORT, DATABASE_URL, REDIS_URL)
	@./starling migrate && exec ./starling serve

# Some processes with servers of their own take module after module. There is one more than there are
# cores: tests wait a lot. One that dies ends the run: after a replacement, pytest-xdist waits for ever
# for the tests of the dead.
PROCESSES = $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
IN_PARALLEL = --numprocesses=$(PROCESSES) --maxprocesses=4 --dist=loadscope --max-worker-restart=0
test: $(VENV)/test.installed ## Run the tests on both databases (ARGS="-k favorite")
	$(VENV_PYTHON) -m pytest $(IN_PARALLEL) $(ARGS)

faults: $(VENV)/test.installed ## Break servers and connections in a rush hour, at full size (ARGS="-k redis")
	FAULTS=full $(VENV_PYTHON) -m pytest tests/faults -o faulthandler_timeout=600 $(ARGS)

check: $(VENV)/check.installed ## Lint, formatting, types, layers, and the printed schema
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m mypy
	$(VENV)/bin/lint-imports --no-logo --no-cache
	./starling schema print --check

format: $(VENV)/check.installed ## Format the code and repair what the linter can
	$(VENV_PYTHON) -m ruff check --fix .
	$(VENV_PYTHON) -m ruff format .

bench: $(VENV)/test.installed ## Measure, on the servers that the tests use
	$(VENV_PYTHON) -m bench $(ARGS)

migrate: $(VENV)/runtime.installed ## Bring the database to the newest schema
	@exec ./starling migrate

# Each file is pinned within what the ones before it chose, so that all fit into one environment.
COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	--python-version 3.11 $(UPGRADE)
lock: $(VENV)/created ## Pin the dependencies (UPGRADE=--upgrade takes the newest)
	$(COMPILE) requirements/uv.in --output-file requirements/uv.txt
	$(COMPILE) requirements/runtime.in --output-file requirements/runtime.txt
	$(COMPILE) requirements/test.in --constraint requirements/runtime.txt \
		--output-file requirements/test.txt
	$(COMPILE) requirements/check.in --constraint requirements/runtime.txt \
		--constraint requirements/test.txt --output-file requirements/check.txt

clean: ## Remove what these commands made, but no data
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv installs in seconds what takes pip a minute. Where there is no uv for this machine, or uv cannot
# reach the packages that pip is configured to reach, pip does the same work.
PIP = $(VENV_PYTHON) -m pip --quiet --disable-pip-version-check
define install
@echo "Installing $<"
@{ test -x $(UV) && $(UV) pip install --quiet --python $(VENV_PYTHON) --require-hashes -r $<; } \
	|| $(PIP) install --require-hashes -r $<
@touch $@
endef

$(VENV)/runtime.installed: requirements/runtime.txt $(VENV)/created
	$(install)

$(VENV)/test.installed: requirements/test.txt $(VENV)/runtime.installed
	$(install)

$(VENV)/check.installed: requirements/check.txt $(VENV)/test.installed
	$(install)

# An upgrade of the system's Python leaves an environment without one: it is made anew.
$(shell test -x $(VENV_PYTHON) || rm -f $(VENV)/created)

$(VENV)/created: requirements/uv.txt
	@command -v "$(PYTHON)" >/dev/null || { \
		echo "Starling needs Python 3.11 or newer; there is no $(PYTHON) here." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Starling needs Python 3.11 or newer; $(PYTHON) is" \
			"$$("$(PYTHON)" --version 2>&1). Name another: make PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) lacks its venv module; on Debian and Ubuntu:" \
			"apt install python3-venv" >&2; exit 1; }
	@test -x $(VENV_PYTHON) || rm -rf $(VENV)
	@echo "Making $(VENV)"
	@"$(PYTHON)" -m venv $(VENV)
	@$(PIP) install --only-binary :all: --require-hashes -r requirements/uv.txt \
		|| echo "uv cannot be had here: pip installs instead, more slowly."
	@touch $@
