PYTHON ?= python3
VENV := .venv/bin
export PYTHONPATH := $(CURDIR):$(CURDIR)/plugins

.PHONY: ready demo down canary test lint unit integration fuzz faults bench-swap

ready: ## system packages, Docker engine, .venv
	@$(PYTHON) -m include.demo.prerequisites

demo: ready ## the whole story on this machine
	@$(VENV)/python -m include.demo

canary: ## beside a running demo: follow every secret through a push, a failure, a bake, a swap, a kill
	@$(VENV)/python -m tests.canary

down: ## stop and remove everything the demo made
	@test ! -x $(VENV)/python || $(VENV)/python -m include.demo down

test: ready lint unit integration ## everything, with all its own set-up

lint:
	@$(VENV)/ruff check . && $(VENV)/ruff format --check .
	@$(VENV)/mypy
	@$(VENV)/lint-imports --no-cache

unit:
	@$(VENV)/pytest -q -m "not integration and not e2e"

integration: ready
	@$(VENV)/python -m include.images.build
	@$(VENV)/pytest -q -m "integration or e2e" --timeout 900

fuzz: ready ## 10,000 hostile pipeline files
	@SLIPWAY_FUZZ=2000 $(VENV)/pytest -q tests/slipway/pipeline/test_fuzz.py

faults: ready ## every changing call of a swap, times every fault: an hour
	@$(VENV)/python -m include.images.build
	@$(VENV)/python -m tests.faults

bench-swap: ready ## swaps under load, beside their floor; about ten minutes
	@$(VENV)/python -m include.images.build
	@$(VENV)/python -m benchmarks.swap
	@$(VENV)/python -m benchmarks.swap --start 0
