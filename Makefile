PYTHON ?= python3
VENV := .venv/bin
# How many of the tests that need Docker run side by side; they wait more than they work.
LANES ?= 2
SLOWEST := --durations 25 --durations-min 5

.DEFAULT_GOAL := help
.PHONY: help format docs lint-others ready demo down leaks stack stack-test stack-down stack-check backup restore upgrade test lint unit coverage integration fuzz faults faults-commits bench

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

ready: ## system packages, Docker engine, .venv
	@$(PYTHON) -m include.demo.prerequisites

demo: ready ## the whole story on this machine
	@$(VENV)/python -m include.demo

leaks: ## beside a running demo: follow every secret through a push, a failure, a bake, a swap, a kill
	@$(VENV)/python -m tests.secret_leaks

down: ## stop and remove everything the demo made
	@test ! -x $(VENV)/python || $(VENV)/python -m include.demo down

stack: ready ## Airflow with Celery workers by Compose, beside the embedded cloud
	@$(VENV)/python -m include.stack up

stack-test: ready ## the same, then runs during which its parts die, and a restore: 20 minutes
	@$(VENV)/python -m include.stack test

stack-check: ready ## let Docker Compose read its files
	@$(VENV)/python -m include.stack check

backup: ready ## back the stack up: Airflow's database and the artifact store; TO=folder
	@$(VENV)/python -m include.stack.operations backup $(TO)

restore: ready ## have a new stack go on from a backup; FROM=folder, or the last one
	@$(VENV)/python -m include.stack.operations restore $(FROM)

upgrade: ready ## bring the stack to this clone's version: check, maintenance, backup, new containers
	@$(VENV)/python -m include.stack.operations upgrade

stack-down: ## stop and remove everything the stack made
	@test ! -x $(VENV)/python || $(VENV)/python -m include.stack down

test: ready lint unit integration ## everything, with all its own set-up

lint: ready ## style, types, import contracts
	@$(VENV)/ruff check . && $(VENV)/ruff format --check .
	@$(VENV)/mypy
	@$(VENV)/lint-imports --no-cache
	@$(MAKE) --no-print-directory lint-others

lint-others: ready ## Ansible, Packer, Dockerfiles, shell scripts, workflows
	@cd ansible && PATH=$(CURDIR)/$(VENV):$$PATH ansible-lint --offline --profile production -q
	@$(VENV)/hadolint Dockerfile include/images/*/Dockerfile
	@$(VENV)/shellcheck $$(git grep -lE '^#!.*[/ ](ba)?sh$$' -- ':!*.py')
	@$(VENV)/zizmor --offline --quiet .github
	@$(VENV)/python -m include.images.build toolbox
	@tar c packer | docker run -i --rm --network none slipway/toolbox:1 sh -ec \
	  'tar x; packer fmt -check -diff packer; packer fmt -check packer/plugins; \
	   packer validate -syntax-only packer > /dev/null'

format: ready ## put the code into the formatter's form
	@$(VENV)/ruff check --fix -q . ; $(VENV)/ruff format .

docs: ready ## write what is made from the code: the schema, the pages on settings
	@$(VENV)/python -m include.project.schema
	@$(VENV)/python -m include.project.reference
	@$(VENV)/python -m include.monitoring.page

unit: ready ## the tests that need no Docker
	@$(VENV)/python -m tests.again -q -n auto --dist loadfile -m "not integration and not e2e" \
	  $(SLOWEST)

coverage: ready ## how much of the code the unit tests run; fails where it sinks by more than a point
	@mkdir -p .slipway
	@$(VENV)/uv pip install -q --python $(VENV)/python --require-hashes -r requirements-coverage.txt
	@$(VENV)/pytest -q -n auto --dist loadfile -m "not integration and not e2e" \
	  --cov --cov-report= --cov-report=json:.slipway/coverage.json
	@$(VENV)/python -m benchmarks.coverage_figure .slipway/coverage.json

integration: ready ## the tests with real containers, the embedded cloud, and a browser
	@$(PYTHON) -m include.demo.prerequisites chromium
	@$(VENV)/python -m include.images.build
	@$(VENV)/python -m include.images.build go node machine-13
	@$(VENV)/python -m tests.again -q -n $(LANES) --dist loadgroup -m "integration or e2e" \
	  --timeout 900 $(SLOWEST)

fuzz: ready ## 10,000 hostile pipeline files
	@SLIPWAY_FUZZ=2000 $(VENV)/pytest -q tests/slipway/pipeline/test_fuzz.py

faults: ready ## every changing call of a swap, times every fault: an hour
	@$(VENV)/python -m include.images.build
	@$(VENV)/python -m tests.faults

faults-commits: ready ## 1,000 commits told by hook and poll, over and over, while processes die: ten minutes
	@$(VENV)/python -m tests.faults_commits

bench: ready ## every benchmark, into docs/benchmarks: hours; or BENCH_ONLY=steps,apt
	@$(VENV)/python -m include.images.build
	@$(VENV)/python -m benchmarks
