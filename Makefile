# `make help` lists the targets. VENV and PYTHON choose the environment and the Python it is made with.
VENV ?= .venv
PYTHON ?=
RUN = $(VENV)/bin
# mysqlclient is compiled: it is installed where a compiler and the client headers are.
MYSQL = $(shell command -v cc >/dev/null && { command -v mariadb_config || command -v mysql_config; } >/dev/null && echo --with mysql)
export PYTHONDONTWRITEBYTECODE =

.PHONY: help setup test test-fast lint types imports check secrets audit format requirements solvers bench-planner bench-kv

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:
	@python3 -I buildserver/runapp.py --setup --venv $(VENV) --with dev $(MYSQL) $(if $(PYTHON),--python $(PYTHON))

test: setup  ## every test that this machine can run, with coverage; REQUIRE_SERVICES=1 makes a missing program a failure
	$(RUN)/python -m pytest -n auto --dist worksteal -rs --cov --cov-report term-missing $(ARGS)

test-fast: setup  ## the tests that start no server
	$(RUN)/python -m pytest -n auto --dist worksteal -q -m "not live" $(ARGS)

lint: setup  ## ruff's rules and format
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .

solvers:  ## .venv-solvers: CP-SAT and HiGHS, which the planner's tests and benchmark compare with
	@python3 -I buildserver/runapp.py --setup --venv .venv-solvers --with solvers $(if $(PYTHON),--python $(PYTHON))

bench-planner: setup  ## the planner measured, beside merit order, HiGHS, CP-SAT and PyPSA: reports/planner.md; ARGS="--only web"
	@python3 -I buildserver/runapp.py --setup --venv .venv-solvers --with solvers --with peers-planner $(if $(PYTHON),--python $(PYTHON))
	$(RUN)/python -m tests.benchmarks.planner $(ARGS)

bench-kv: setup .venv-peers-kv/installed  ## the key/value store measured, beside a ModelViewSet, Kinto, etcd and others: reports/kv.md; ARGS="--only batch"
	$(RUN)/python -m tests.benchmarks.kv $(ARGS)

.venv-peers-kv/installed: requirements/peers-kv.txt
	$(RUN)/python -m venv --clear .venv-peers-kv
	.venv-peers-kv/bin/python -m pip --disable-pip-version-check --no-cache-dir -q install --require-hashes -r $<
	touch $@

types: setup  ## mypy --strict
	$(RUN)/mypy

imports: setup  ## who may import whom
	$(RUN)/lint-imports --no-cache

check: lint types imports test  ## what must be green

secrets: setup  ## secrets in the files git knows
	git ls-files -z ':!requirements/*.txt' | xargs -0 $(RUN)/detect-secrets-hook --exclude-lines '://(user|me|key|builder):|pragma: allowlist secret'

audit: setup  ## known vulnerabilities in the dependencies
	$(RUN)/pip-audit --disable-pip --require-hashes -r requirements/base.txt

format: setup  ## ruff's format, applied
	$(RUN)/ruff format .
	$(RUN)/ruff check --fix .

requirements: setup  ## compile requirements/*.in with hashes, for every platform and Python
	cd requirements && for set in base mysql lambda dev solvers peers-planner peers-kv; do [ ! -e $$set.in ] || \
	  ../$(RUN)/uv pip compile $$set.in -o $$set.txt -q --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header $(ARGS); done
