# Everything there is to do with a clone; `make help` lists it. Needs python3.11 with venv, make and git.
PYTHON ?= python3.11
PORT ?= 8000
SCALE ?= 10k
WORKERS ?= 2

VENV := .venv
BIN := $(VENV)/bin
PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --progress-bar off -c requirements.lock
RESULTS := build/reports
export PORT

.DEFAULT_GOAL := help
.PHONY: help run test soak bench lint pictures twins mutants
.SILENT:

help: ## Say what there is to do
	echo "make TARGET, where TARGET is one of"
	sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 12

run: $(VENV)/installed ## Serve the demo at http://127.0.0.1:8000/ (PORT=8000)
	echo "==> Keys, database and demo data (the first time takes about a minute)"
	$(BIN)/fulian demo
	echo "==> Serving http://127.0.0.1:$(PORT)/ until Ctrl-C"
	exec $(BIN)/fulian serve --port $(PORT)

test: $(VENV)/installed-dev ## Run all tests; what this machine lacks is skipped aloud
	mkdir -p $(RESULTS)
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --junitxml $(RESULTS)/report.xml $(ARGS)

soak: $(VENV)/installed-dev ## Run the long form of every harness, and all broken twins
	$(BIN)/pytest -m soak $(ARGS)
	$(BIN)/python tools/twins.py

twins: $(VENV)/installed-dev ## Break the source one line at a time: the tests must notice
	$(BIN)/python tools/twins.py $(ARGS)

mutants: $(VENV)/installed-dev ## Put sixty seeded faults into services and queries: 90 % must be noticed
	$(BIN)/python tools/mutants.py $(ARGS)

bench: $(VENV)/installed-dev ## Measure against the goals of performance (SCALE=10k or 1m)
	$(BIN)/python -m tests.bench --scale $(SCALE)

lint: $(VENV)/installed-dev ## Check style, types, templates and imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint --lint --quiet fulian plugins
	$(BIN)/lint-imports

pictures: $(VENV)/installed-dev ## Take the pictures of every page from the running product
	$(BIN)/python tools/pictures.py

# --- the environment; made again when what it is made from changes --------------------------------------------------

$(VENV)/installed: requirements.lock pyproject.toml $(PLUGINS:=/pyproject.toml) | $(BIN)/python
	echo "==> Installing fulian and its plugins into $(VENV)/ (a minute or two, the first time)"
	$(PIP) $(addprefix -e ,. $(PLUGINS))
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	echo "==> Installing the tools for tests and checks into $(VENV)/"
	$(PIP) -e '.[dev]'
	touch $@

$(BIN)/python:
	command -v git >/dev/null || { echo "git is missing: please install it (Debian: apt install git)"; exit 1; }
	command -v $(PYTHON) >/dev/null || \
		{ echo "$(PYTHON) is missing: please install Python 3.11 (Debian: apt install python3.11 python3.11-venv)"; exit 1; }
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is too old: fulian needs Python 3.11 or later"; exit 1; }
	$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv: please install it (Debian: apt install python3.11-venv)"; exit 1; }
	echo "==> Making $(VENV)/ with $(PYTHON)"
	$(PYTHON) -m venv $(VENV)
