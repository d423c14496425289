# Every target does its own set-up: Python 3.11 or newer is all that has to be there. `make` alone lists the targets.
STACK ?= dev
ARGS ?=

PYTHON_BIN := .venv/bin/python
# Tests that need more than PyPI and the Go modules of the Pulumi CLI.
EXTRA_TIERS := config or charts or cluster

# Programs that generated configuration is held against.
TESTED_WITH := helm prometheus thanos collector alloy loki

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev preview up refresh destroy test test-all lint format types bench lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Make the environment: .venv, Python packages, Pulumi CLI (other targets do this too)
	@sh tools/setup.sh runtime

setup-dev:
	@sh tools/setup.sh dev

preview: setup ## Preview a stack on the simulated cloud: make preview STACK=prod ARGS=--diff
	@$(PYTHON_BIN) -m sandbox preview --stack $(STACK) $(ARGS)

up refresh destroy: %: setup
	@$(PYTHON_BIN) -m sandbox $* --stack $(STACK) $(ARGS)

up: ## Create or update a stack in the simulated cloud
refresh: ## Compare a stack with the simulated cloud
destroy: ## Destroy a stack in the simulated cloud

test: setup-dev ## Run the tests that need no chart: values, components, policies, engine
	@$(PYTHON_BIN) -m pytest -m "not ($(EXTRA_TIERS))" $(ARGS)

test-all: setup-dev ## Run all tests, building what they need once; those that lack a tool or a chart say so
	-@$(PYTHON_BIN) tools/build.py $(TESTED_WITH) >/dev/null
	@$(PYTHON_BIN) -m pytest $(ARGS)

lint: setup-dev types ## Check style, format and types
	@$(PYTHON_BIN) -m ruff check .
	@$(PYTHON_BIN) -m ruff format --check .

types: setup-dev ## Check types only
	@$(PYTHON_BIN) -m mypy

format: setup-dev ## Put the code into the agreed format and fix what can be fixed
	@$(PYTHON_BIN) -m ruff format .
	@$(PYTHON_BIN) -m ruff check --fix .

bench: setup-dev ## Measure a preview of prod against one of as many trivial resources
	@$(PYTHON_BIN) -m bench $(ARGS)

lock: setup-dev ## Write the locks anew from pyproject.toml; ARGS=--upgrade takes the newest versions
	@sh tools/lock.sh $(ARGS)

clean: ## Remove what was made in this clone (built tools stay in the cache outside it)
	rm -rf .venv .sandbox .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
