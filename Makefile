# Tintype: everything a person does with the repository. `make help` lists it.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON_VERSIONS := >=3.11,<3.14
# The system's own Python where it is one of those: a distribution builds it with profiles and in one piece, and the tests run a
# tenth faster on it than on one that a version manager compiled plainly. Another one: make setup PYTHON=python3.13
SYSTEM_PYTHON := /usr/bin/python3
PYTHON ?= $(shell $(SYSTEM_PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $(SYSTEM_PYTHON) || echo '$(PYTHON_VERSIONS)')
UV := $(shell command -v uv || echo $(CURDIR)/.tools/bin/uv)
VENV := .venv
PY := $(VENV)/bin/python
MEMBERS := $(patsubst %/,%,$(dir $(wildcard services/*/pyproject.toml libs/*/pyproject.toml deploy/local/pyproject.toml deploy/standins/pyproject.toml)))
INSTALLED := $(VENV)/.installed
# What has an image, and so a lock of its own.
IMAGES := $(patsubst %/,%,$(dir $(wildcard services/*/pyproject.toml deploy/standins/pyproject.toml)))
CONSOLE := services/gateway/src/gateway/adapters/inbound/console
MARKDOWN := $(shell git ls-files '*.md' 2>/dev/null)
# One service's or library's own tests: make test S=ledger
S ?=
# What goes to pytest besides: make test T="-k checkout -x"
T ?=
# What goes to the benchmark: make bench-ledger ARGS=--quick
ARGS ?=

# Some environments forbid it: without kept bytecode every process compiles what it imports again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup up demo compose reset verify status logs test test-fast chaos lint check format types imports proto proto-check breaking lock lock-check browser bench-ledger bench-path bench-soak mutants texts samples clean

help: ## Show what can be made
	@awk 'BEGIN {FS = ":.*## "; print "Usage: make <what>\n"} /^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- the product ------------------------------------------------------------------------------------

demo: setup ## Run the main job from sign-up to proof, and leave a receipt in .tintype/demo
	@exec $(VENV)/bin/tintype demo

up: setup ## Start the whole product on this machine until Ctrl-C
	@exec $(VENV)/bin/tintype up

verify: setup ## Check every invariant over the running services
	@exec $(VENV)/bin/tintype verify

status: setup ## Show the processes of the running stack
	@exec $(VENV)/bin/tintype status

logs: setup ## Follow a process's log: make logs P=ledger
	@exec $(VENV)/bin/tintype logs -f $(or $(P),gateway)

compose: setup ## Run the same in containers (needs Docker): make compose, then docker compose down
	@$(PY) -m tintype_local.containers .tintype-containers
	docker compose up --build

reset: setup ## Delete the data of the stack on this machine
	@exec $(VENV)/bin/tintype reset

# --- tests and checks -------------------------------------------------------------------------------

# Files side by side, each worker with servers of its own; then those that use a whole stack, two stacks side by side;
# then, alone, what breaks stacks or measures them. 5: T chose no test of this part.
WHOLE := tests/e2e
ALONE := tests/bench tests/chaos
test: setup browser ## Run every test that needs no Docker; S=ledger for one service, T="..." for pytest
ifneq ($(S),)
	$(PY) -m pytest $(wildcard services/$(S)/tests libs/$(S)/tests deploy/$(S)/tests) $(T)
else
	$(PY) -m pytest tests services libs deploy $(addprefix --ignore=,$(WHOLE) $(ALONE)) -n logical --maxprocesses 4 --dist loadfile $(T) || [ $$? = 5 ]
	$(PY) -m pytest $(WHOLE) -n 2 --dist loadfile $(T) || [ $$? = 5 ]
	$(PY) -m pytest $(ALONE) $(T) || [ $$? = 5 ]
endif

# Two halves that take as long as each other: side by side each collects its own part only.
FAST_HALVES := gateway-half services-half
gateway-half: TESTS = services/gateway $(wildcard libs/*)
services-half: TESTS = $(filter-out services/gateway,$(wildcard services/*))
test-fast: setup ## Run what needs no server, in some 20 s (32 s of processor time on two cores): the time between two keystrokes
	@$(MAKE) --no-print-directory -j2 --output-sync=target $(FAST_HALVES)
$(FAST_HALVES):
	@$(PY) -m pytest $(TESTS) --memory-only -p no:logging -q $(T) || [ $$? = 5 ]

chaos: setup ## Kill, pause and cut off every process under load, a minute each, some 30 minutes
	TINTYPE_CHAOS_FAULT_S=$(or $(FAULT_S),60) $(PY) -m pytest tests/chaos -s $(T)

browser: ## Install Chromium for the browser tests, where apt-get may
	@if [ -z "$(S)" ] && ! command -v chromium >/dev/null && command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	    echo "installing Chromium for the browser tests"; \
	    (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium) >/dev/null 2>&1 \
	        || echo "Chromium can't be installed here: the browser tests will be skipped"; fi

bench-ledger: setup ## Measure the ledger beside pgbench, some 12 minutes: ARGS="--quick", "--write-docs", "--profile FOLDER"
	@$(PY) -m bench.ledger $(ARGS)

bench-path: setup ## Measure jobs and chats on a stack of its own, some 11 minutes: ARGS="--quick", "--only chat", "--write-docs", "--litellm VENV", "--stored 1000000"
	@$(PY) -m bench.path $(ARGS)

bench-soak: setup ## See whether memory or a backlog grows in ten minutes of jobs: ARGS="--minutes 2", "--write-docs"
	@$(PY) -m bench.path.soak $(ARGS)

mutants: setup ## Change a service's inside in small ways, and name what no test notices: S=ledger, ARGS="--only ledger.domain.lot"
	@$(PY) -m bench.mutants $(S) $(ARGS)

lint: setup ## Ruff, mdformat, mypy --strict, import-linter, buf lint
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mdformat --check $(MARKDOWN)
	$(MAKE) --no-print-directory types imports
	$(VENV)/bin/buf lint

types: setup ## mypy --strict over everything that ships
	MYPYPATH=$$(echo $(addsuffix /src,$(MEMBERS)) | tr ' ' :) $(VENV)/bin/mypy $(foreach member,$(filter-out libs/protocol,$(MEMBERS)),$(member)/src)

imports: setup ## The arrows point inward: import-linter
	$(PY) deploy/local/lint_imports.py import-contracts.toml

check: lint proto-check breaking lock-check test ## Everything that decides whether a change lands

format: setup ## Format code and prose, and mend what can be mended
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	$(VENV)/bin/mdformat $(MARKDOWN)

texts: setup ## Find the console's texts, and bring its catalogues in step: then translate what is empty
	cd $(CONSOLE) && $(CURDIR)/$(VENV)/bin/pybabel -q extract -F $(CURDIR)/services/gateway/babel.cfg -k gettext_noop --no-location --sort-output --omit-header -o texts/messages.pot .
	@for texts in $(CONSOLE)/texts/*.po; do $(VENV)/bin/pybabel -q update -i $(CONSOLE)/texts/messages.pot -l $$(basename $$texts .po) -o $$texts --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date -w 110; done

samples: setup ## Draw the pictures of the console's start page again
	$(PY) deploy/local/draw_samples.py $(CONSOLE)/static/samples

proto: setup ## Generate libs/protocol from proto/
	PYTHON=$(PY) proto/generate.sh

proto-check: setup ## Fail when the generated code is not what proto/ gives
	@rm -rf .tools/protocol && mkdir -p .tools/protocol && cp -R libs/protocol/src .tools/protocol/before
	@PYTHON=$(PY) proto/generate.sh >/dev/null 2>&1
	@diff -r --exclude=__pycache__ .tools/protocol/before libs/protocol/src || { echo "libs/protocol is out of date: make proto, and commit"; exit 1; }

breaking: setup ## Fail when a contract breaks those of the last release tag
	@tag=$$(git describe --tags --abbrev=0 2>/dev/null || true); \
	if [ -n "$$tag" ]; then $(VENV)/bin/buf breaking --against ".git#tag=$$tag,subdir=."; else echo "no release to compare the contracts with yet"; fi

# --- set-up -----------------------------------------------------------------------------------------

setup: $(INSTALLED) ## Install everything into .venv (done by whatever needs it)

$(INSTALLED): requirements.lock VERSION $(addsuffix /pyproject.toml,$(MEMBERS)) | $(UV)
	@echo "installing into $(VENV)"
	@[ -x $(PY) ] || $(UV) venv -q --python "$(PYTHON)" $(VENV)
	@$(UV) pip sync -q --python $(PY) --require-hashes --compile-bytecode requirements.lock
	@$(UV) pip install -q --python $(PY) --no-deps --no-build-isolation $(addprefix -e ,$(MEMBERS))
	@touch $@

$(CURDIR)/.tools/bin/uv:
	@deploy/local/fetch-uv.sh $(CURDIR)/.tools

lock: | $(UV) ## Compile requirements.lock anew from every pyproject.toml
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --custom-compile-command "make lock" \
	    $(foreach member,$(MEMBERS),--no-emit-package $(shell sed -n 's/^name = "\(.*\)"/\1/p' $(member)/pyproject.toml)) \
	    --group pyproject.toml:dev $(foreach member,$(MEMBERS),$(member)/pyproject.toml) $(LOCK_OPTIONS) -o requirements.lock
	@for member in $(IMAGES); do $(UV) pip compile -q --universal --python-version 3.12 --generate-hashes --no-annotate --no-emit-index-url --custom-compile-command "make lock" \
	    --constraint requirements.lock --no-emit-package tintype-chassis --no-emit-package tintype-protocol --no-emit-package tintype-ledgerclient --no-emit-package tintype-deadletters $$member/pyproject.toml -o $$member/requirements.lock; done

lock-check: ## Fail when the lock does not fit the pyproject.toml files or names a host
	@! grep -nE 'https?://' requirements.lock $(addsuffix /requirements.lock,$(IMAGES)) || { echo "requirements.lock names a host"; exit 1; }
	@$(VENV)/bin/python deploy/local/check_lock.py requirements.lock $(addsuffix /pyproject.toml,$(MEMBERS)) pyproject.toml

clean: ## Remove what was installed and built, not the stack's data
	rm -rf $(VENV) .tools .mypy_cache .ruff_cache .import_linter_cache
