# Every target works on a fresh clone, with Python 3.11 or newer (and its venv module) and make.
# What is installed goes to .uv and .venv, in this folder; `make clean` removes both.

.DEFAULT_GOAL := help
SHELL := /bin/sh

#: The interpreter that everything runs on: make PYTHON=python3.12 run
PYTHON ?= python3
UV_VERSION := 0.13.9
UV := .uv/bin/uv
BIN := .venv/bin
MEMBERS := pyproject.toml $(wildcard asyncrequest/pyproject.toml core/pyproject.toml services/*/pyproject.toml ops/pyproject.toml)

# One environment, on the interpreter above, whatever else is active or installed in the shell.
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/.venv
export UV_PYTHON := $(CURDIR)/.uv/bin/python
export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH
# The certificates that the system trusts (a company's own among them), where it has any.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS ?= true
endif
# Caches are kept here where HOME takes no files.
HOME_TAKES_FILES := $(shell d="$${XDG_CACHE_HOME:-$${HOME:-/nonexistent}/.cache}"; \
    mkdir -p "$$d" 2>/dev/null && test -w "$$d" && echo yes)
ifneq ($(HOME_TAKES_FILES),yes)
export UV_CACHE_DIR ?= $(CURDIR)/.cache/uv
export PIP_CACHE_DIR ?= $(CURDIR)/.cache/pip
endif

.PHONY: help run test test-fast conformance fuzz faults bench lint format docs servers specs tools \
    bench-tools images cluster-up cluster-down cluster-test test-cluster-fast scaling-figures dev clean

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/.has-run ## Serve at http://127.0.0.1:8000 until Ctrl-C (SPLITFLAP_PORT=8080 make run)
	@exec $(BIN)/splitflap up

test: dev servers tools specs ## Run all tests, on real servers where they need them
	$(BIN)/pytest

test-fast: dev specs ## Run the tests that need no server: unit and contracts
	$(BIN)/pytest $(wildcard tests/unit tests/contracts tests/conformance)

conformance: dev specs ## Say how much of CommonMark and of GitHub's extensions each flavour renders alike
	$(BIN)/python -m tests.conformance

fuzz: dev ## Render random texts in both flavours for FUZZ_SECONDS each (60)
	$(BIN)/python -m tests.fuzz $(FUZZ_SECONDS)

faults: dev servers ## Kill, stop and cut off every part, in half an hour (FAULTS="--seed 7 --only broker")
	$(BIN)/python -m tests.faults $(FAULTS)

bench: dev servers bench-tools ## Measure the figures of benchmarks/README.md, half an hour long (BENCH="accept tasks")
	$(UV) sync --locked --inexact --group bench --no-progress
	$(BIN)/python -m benchmarks $(BENCH)

lint: dev ## Check style, format, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: dev ## Format, and repair what can be repaired
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: dev ## Write anew what is made from declarations, in docs/ and charts/
	$(BIN)/python docs/generate.py
	$(BIN)/python charts/generate.py
	$(BIN)/python charts/dashboards/make.py

#: What builds images, their registry and their tag: make images BUILDER=buildah TAG=1.0.0
BUILDER ?= $(shell docker info >/dev/null 2>&1 && echo docker || command -v podman || command -v buildah)
REGISTRY ?= localhost
TAG ?= dev
BUILD_FLAGS ?= $(if $(filter buildah,$(notdir $(BUILDER))),--isolation chroot --network host)

cluster-up: ## Start a kind cluster with metrics-server, Prometheus, Grafana and KEDA
	@k8s/cluster up

cluster-down: ## Delete that cluster
	@k8s/cluster down

cluster-test: dev tools ## Run all tests of tests/cluster: on KUBECONFIG, else in the lab (half an hour)
	@tests/cluster/run all $(CLUSTER_TEST)

test-cluster-fast: dev tools ## Run those that take seconds; without a cluster, those that need none
	@tests/cluster/run fast $(CLUSTER_TEST)

scaling-figures: export SPLITFLAP_SCALING_PAGE := benchmarks/README.md
scaling-figures: dev tools ## Measure replicas over time under two floods, into benchmarks/README.md
	@tests/cluster/run all -k each_bottleneck

images: ## Build the three images (BUILDER=docker REGISTRY=localhost TAG=dev PYTHON_VERSION=3.11)
	@[ -n "$(BUILDER)" ] || { echo "images need docker, podman or buildah" >&2; exit 1; }
	@set -e; for service in api scraper renderer; do \
	    set -x; $(BUILDER) build $(BUILD_FLAGS) -f services/$$service/Dockerfile \
	    -t $(REGISTRY)/splitflap/$$service:$(TAG) \
	    $(if $(PYTHON_VERSION),--build-arg PYTHON_VERSION=$(PYTHON_VERSION)) \
	    --build-arg REVISION=$$(git rev-parse HEAD 2>/dev/null || echo unknown) .; \
	    { set +x; } 2>/dev/null; done

servers: ## Install PostgreSQL, RabbitMQ, Prometheus and a browser for tests (Debian, as root); none is started
	@.ci/servers

tools: ## Put Helm into .tools where the system has none, for tests of the chart
	@.ci/helm

specs: .uv/.has-uv-$(UV_VERSION) ## Fetch the specifications whose examples are tests
	@.ci/specs

bench-tools: ## Install wrk, nginx and Redis for benchmarks (Debian, as root); none is started
	@.ci/servers bench

dev: .venv/.has-dev

clean: ## Remove what was installed and cached here; the data stays
	rm -rf .venv .uv .cache .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# -- what is installed -------------------------------------------------------------------------
# A stamp is as new as what it was made from, so that a second run installs nothing.

.uv/.has-uv-$(UV_VERSION):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "Splitflap needs Python 3.11 or newer, and '$(PYTHON)' is not that:" \
	    "install one, or name it as in: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "Splitflap needs Python's venv and ensurepip modules, which '$(PYTHON)' lacks;" \
	    "on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

# --inexact leaves the tools of the tests where they are.
.venv/.has-run: .uv/.has-uv-$(UV_VERSION) uv.lock $(MEMBERS)
	$(UV) sync --locked --no-dev --inexact --no-progress
	@touch $@

.venv/.has-dev: .uv/.has-uv-$(UV_VERSION) uv.lock $(MEMBERS)
	$(UV) sync --locked --no-progress
	@touch .venv/.has-run $@
