# Every target works on a fresh clone. It needs make, and Python 3.11 or newer with its venv module.
# Packages are installed into .uv and .venv in this folder; `make clean` removes both.

.DEFAULT_GOAL := help
SHELL := /bin/sh

#: The interpreter of all targets: make PYTHON=python3.12 run
PYTHON ?= python3
UV_VERSION := 0.13.9
UV := .uv/bin/uv
BIN := .venv/bin
MEMBERS := pyproject.toml $(wildcard asyncrequest/pyproject.toml clients/*/pyproject.toml core/pyproject.toml services/*/pyproject.toml ops/pyproject.toml)

# uv uses one environment and the interpreter above, even if the shell has another one active.
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/.venv
export UV_PYTHON := $(CURDIR)/.uv/bin/python
export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH
# uv trusts the system's certificates, which may include a company's own.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS ?= true
endif
# If HOME is not writable, caches go to .cache in this folder.
HOME_IS_WRITABLE := $(shell d="$${XDG_CACHE_HOME:-$${HOME:-/nonexistent}/.cache}"; \
    mkdir -p "$$d" 2>/dev/null && test -w "$$d" && echo yes)
ifneq ($(HOME_IS_WRITABLE),yes)
export UV_CACHE_DIR ?= $(CURDIR)/.cache/uv
export PIP_CACHE_DIR ?= $(CURDIR)/.cache/pip
endif

.PHONY: help run dev hooks test test-fast test-publish conformance clients fuzz faults bench talk lint lint-chart format docs pictures release \
    servers specs tools bench-tools images publish publish-tools cluster-up cluster-down cluster-test test-cluster-fast \
    scaling-figures clean

#: Tests of the distributions and of the tree that start no server.
FAST_TESTS := tests/unit tests/contracts tests/conformance tests/posts asyncrequest/tests

#: Test processes: 0 is pytest alone. Each starts servers of its own. Tests that start no server take
#: little memory and watch no clock, so they get two in any case.
TEST_PROCESSES ?= 0
IN_PROCESSES := -n $(TEST_PROCESSES) --no-loadscope-reorder

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/.has-run ## Serve at http://127.0.0.1:8000 until Ctrl-C (SPLITFLAP_PORT=8080 make run)
	@exec $(BIN)/splitflap up

dev: .venv/.has-dev ## Install the packages, and the tools of tests and lints, into .venv

hooks: dev ## Run the lints before each commit, through pre-commit
	$(BIN)/pre-commit install

test: export PYTHON := $(PYTHON)
test: servers dev tools specs ## Run all tests, on real servers (an hour on two CPUs)
	@.ci/talk $(UV)
	$(BIN)/pytest -n 2 $(FAST_TESTS)
	$(BIN)/pytest $(IN_PROCESSES) $(addprefix --ignore=,$(FAST_TESTS)) tests

test-publish: servers dev publish-tools ## Test `make publish` (its tools take half an hour to build on two CPUs)
	$(BIN)/pytest tests/publish

test-fast: dev specs ## Run the tests that start no server (one to two minutes)
	$(BIN)/pytest $(IN_PROCESSES) $(FAST_TESTS)

conformance: dev specs ## Count the examples of CommonMark and GFM that each flavour renders alike
	$(BIN)/python -m tests.conformance

clients: export PYTHON := $(PYTHON)
clients: dev ## Lint the OpenAPI document, and make posts through generated clients (CLIENTS="oapi-codegen")
	@.ci/clients
	@$(BIN)/python -m tests.clients $(CLIENTS)

fuzz: dev ## Render random texts in both flavours, for FUZZ_SECONDS each (60)
	$(BIN)/python -m tests.fuzz $(FUZZ_SECONDS)

faults: dev servers ## Kill, stop and cut off each part, in an hour (FAULTS="--seed 7 --only broker")
	$(BIN)/python -m tests.faults $(FAULTS)

bench: dev servers bench-tools ## Measure the figures of benchmarks/README.md, in half an hour (BENCH="accept tasks")
	$(UV) sync --locked --inexact --group bench --no-progress
	$(BIN)/python -m benchmarks $(BENCH)

talk: export PYTHON := $(PYTHON)
talk: servers dev ## Measure the claims of docs/talk.md, within 20 minutes (TALK="threads nginx")
	@.ci/talk $(UV)
	$(BIN)/python -m benchmarks.talk $(TALK)

lint-chart: dev tools ## Check every mode of the chart, and k8s/examples, with kubeconform, kube-score, checkov and more
	$(BIN)/pytest $(IN_PROCESSES) tests/chart/tools

lint: dev ## Check style, format, types and the direction of imports, of JavaScript too
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@.ci/web

pictures: dev ## Take the pictures of README.md anew, in four minutes: installs Chromium (Debian, as root)
	@.ci/servers pictures
	$(BIN)/python services/web/pictures.py

format: dev ## Format the code, and apply ruff's fixes
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	@.ci/web format

docs: dev ## Generate pages, schema, dashboards and the client's models from their declarations
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/licences.py
	$(BIN)/python charts/generate.py
	$(BIN)/python clients/python/write_models.py
	$(BIN)/python charts/dashboards/make.py

release: dev ## Set VERSION=1.2.3 in all files, date the changelog, commit and tag; pushes nothing
	@$(BIN)/python .ci/release.py "$(VERSION)" --uv $(UV)

#: The builder of images, their registry and their tag: make images BUILDER=buildah TAG=1.0.0
BUILDER ?= $(shell docker info >/dev/null 2>&1 && echo docker || command -v podman || command -v buildah)
REGISTRY ?= localhost
TAG ?= dev
BUILD_FLAGS ?= $(if $(filter buildah,$(notdir $(BUILDER))),--isolation chroot --network host)

cluster-up: ## Start a kind cluster with metrics-server, Prometheus, Grafana and KEDA
	@k8s/cluster up

cluster-down: ## Delete this kind cluster
	@k8s/cluster down

#: Versions of RabbitMQ and PostgreSQL, from tests/cluster/servers: make cluster-test SERVERS="current oldest"
export SERVERS ?= current

cluster-test: dev tools ## Run all tests of tests/cluster, on the cluster of KUBECONFIG (half an hour)
	@tests/cluster/run all $(CLUSTER_TEST)

test-cluster-fast: dev tools ## Run the tests of tests/cluster that take seconds
	@tests/cluster/run fast $(CLUSTER_TEST)

scaling-figures: export SPLITFLAP_SCALING_PAGE := benchmarks/README.md
scaling-figures: dev tools ## Measure replicas over time under two floods; updates benchmarks/README.md
	@tests/cluster/run all -k each_bottleneck

images: ## Build the four images (BUILDER=docker REGISTRY=localhost TAG=dev PYTHON_VERSION=3.11 NGINX_IMAGE=)
	@[ -n "$(BUILDER)" ] || { echo "images need docker, podman or buildah" >&2; exit 1; }
	@set -e; for service in api scraper renderer web; do \
	    set -x; $(BUILDER) build $(BUILD_FLAGS) -f services/$$service/Dockerfile \
	    -t $(REGISTRY)/splitflap/$$service:$(TAG) \
	    $(if $(PYTHON_VERSION),--build-arg PYTHON_VERSION=$(PYTHON_VERSION)) \
	    $(if $(PYTHON_IMAGE),--build-arg PYTHON_IMAGE=$(PYTHON_IMAGE)) \
	    $(if $(NGINX_IMAGE),$$([ $$service != web ] || echo --build-arg NGINX_IMAGE=$(NGINX_IMAGE))) \
	    --build-arg VERSION=$$(cat VERSION) \
	    --build-arg REVISION=$$(git rev-parse HEAD 2>/dev/null || echo unknown) .; \
	    { set +x; } 2>/dev/null; done

#: Options of `make publish`, described in docs/publishing.md.
PLATFORMS ?= linux/amd64,linux/arm64
PUBLISH = $(if $(filter-out dev,$(TAG)),--tag "$(TAG)") $(if $(filter no,$(TLOG)),--no-tlog) \
    $(if $(filter no,$(PIN)),--no-pin) $(if $(DRY_RUN),--dry-run)

publish: dev ## Push images, chart, SBOMs, signatures, provenance (REGISTRY= COSIGN_KEY= DRY_RUN=1)
	@PATH="$(CURDIR)/.tools:$$PATH" PYTHONPATH=.ci $(BIN)/python -m publish --registry "$(REGISTRY)" \
	    --source "$(SOURCE)" --platforms "$(PLATFORMS)" --key "$(COSIGN_KEY)" $(PUBLISH) \
	    --builder "$(BUILDER)" --build-flags "$(BUILD_FLAGS)" --python-version "$(PYTHON_VERSION)" \
	    --python-image "$(PYTHON_IMAGE)" --nginx-image "$(NGINX_IMAGE)"

publish-tools: tools ## Install crane, cosign and syft into .tools if the system has none
	@.ci/publish-tools

servers: ## Install PostgreSQL, RabbitMQ, a browser, Go and more for tests (Debian, as root); starts none
	@.ci/servers
	@.ci/npm axe tests/browser/package.json
	@.ci/npm webhooks tests/support/webhooks/package.json

tools: dev ## Install Helm, an OpenTelemetry Collector and the checkers of the chart into .tools, for tests
	@.ci/helm
	@.ci/collector
	@.ci/chart-tools

specs: .uv/.has-uv-$(UV_VERSION) ## Fetch the specifications of CommonMark and GFM, for tests
	@.ci/specs

bench-tools: ## Install wrk, nginx, Redis (Debian, as root) and metascraper for benchmarks; starts none
	@.ci/servers bench
	@.ci/npm previews benchmarks/scraper/rivals/package.json

clean: ## Remove installed packages and caches; the data stays
	rm -rf .venv .uv .cache .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis services/web/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# -- installation ------------------------------------------------------------------------------
# Each stamp depends on its sources, so a second run installs nothing.

.uv/.has-uv-$(UV_VERSION):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "Splitflap needs Python 3.11 or newer, but '$(PYTHON)' is older or missing." \
	    "Install a newer one, or name it: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "Splitflap needs Python's modules venv and ensurepip, but '$(PYTHON)' lacks them." \
	    "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

# --inexact keeps the tools of the tests installed.
.venv/.has-run: .uv/.has-uv-$(UV_VERSION) uv.lock $(MEMBERS)
	$(UV) sync --locked --no-dev --inexact --no-progress
	@touch $@

.venv/.has-dev: .uv/.has-uv-$(UV_VERSION) uv.lock $(MEMBERS)
	$(UV) sync --locked --no-progress
	@touch .venv/.has-run $@
