# The one entry point: `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
SWIFT ?= swift
RELEASE := -c release --static-swift-stdlib -Xlinker -s
WORKLOAD ?= pod
SCRIPTS := $(wildcard scripts/*.sh docker/*.sh docker/*/*.sh packaging/p*) .ci/run
# What builds and runs images: docker, podman or buildah, whichever is there.
ENGINE ?= $(firstword $(foreach program,docker podman buildah,$(if $(shell command -v $(program)),$(program))) docker)
# Debian 12's docker.io has no compose plugin: docker-compose is the same as a program of its own, from version 2 on.
COMPOSER = $(if $(filter podman,$(ENGINE)),podman compose,$(shell if ! docker compose version >/dev/null 2>&1 && \
	docker-compose version --short 2>/dev/null | grep -qE '^v?([2-9]|[1-9][0-9])\.'; then echo docker-compose; else echo docker compose; fi))
COMPOSE ?= $(COMPOSER) -f docker/docker-compose.yml $(addprefix --profile ,$(PROFILES))
TEMPLATE_BASE ?= runpod/pytorch:2.4.0-py3.11-cuda12.4.1-devel-ubuntu22.04
TEMPLATE_IMAGE ?= $(DOCKER_USERNAME)/gpu-metrics-pod:latest

.PHONY: help deps test-tools build run test test-slow fuzz-diff fuzz-pages fuzz-requests fuzz-queries fuzz-files fuzz-chunks lint format sqlite-extension bench bench-peers bench-scrape bench-web exporter-cost clean install package image image-check \
	services-up services-down services-logs services-status gpu-tunnel gpu-setup-dcgm template-build template-push

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## Install the missing system packages (with sudo when not root); say how to get Swift where it is missing
	@scripts/deps.sh

test-tools: ## Unpack Debian's Prometheus, promtool and node_exporter into .build/tools, for the tests
	@scripts/test-tools.sh .build/tools

build: deps ## Build the release binaries: .build/release/tsdb and .build/release/gpu-exporter
	$(SWIFT) build $(RELEASE) --product tsdb
	$(SWIFT) build $(RELEASE) --product gpu-exporter

sqlite-extension: deps ## Build what SQLite's own programs load: .build/release/libtsdbsqlite.so (docs/sql.md)
	@# Swift's library goes in, so that it loads where there is no Swift; nothing but the entry point can be seen from outside.
	$(SWIFT) build -c release -Xswiftc -static-stdlib -Xlinker -s -Xlinker --version-script=scripts/tsdbsqlite.map --product tsdbsqlite

run: ## Build, start gpu-exporter on :9400 and tsdb on :9090, show live data; Ctrl-C stops both
	@scripts/run.sh

test: deps ## Run every test
	@# Without these the tests that need them are skipped.
	-@scripts/deps.sh sqlite3 python3 python3-venv curl openssl dnsmasq-base openssh-server dpkg-dev
	@scripts/test-tools.sh .build/tools docker-compose \
		$(addprefix prometheus-,pushgateway blackbox-exporter haproxy-exporter nginx-exporter redis-exporter)
	$(SWIFT) build --build-tests
	@# Apart, because they wait for processes on the threads that the other tests' tasks need.
	PATH="$(CURDIR)/.build/tools/usr/bin:$$PATH" $(SWIFT) test --skip-build --skip EndToEndTests
	PATH="$(CURDIR)/.build/tools/usr/bin:$$PATH" $(SWIFT) test --skip-build --filter EndToEndTests

test-slow: deps test-tools ## Run the store's property, fault and kill tests at full size; takes an hour
	$(SWIFT) build --build-tests
	TSDB_TEST_SLOW=1 $(SWIFT) test --skip-build --filter 'TSDBTests\.|StoreKillTests|WriteExtremesTests|ManyConnectionsTests'

fuzz-diff: deps test-tools ## Ask a real Prometheus and this engine COUNT random queries (20000), the same ones for a SEED
	$(SWIFT) build --build-tests
	PATH="$(CURDIR)/.build/tools/usr/bin:$$PATH" TSDB_FUZZ_COUNT=$(or $(COUNT),20000) $(if $(SEED),TSDB_SEED=$(SEED)) \
		$(SWIFT) test --skip-build --filter DifferentialTests

# One suite of tests with COUNT damaged inputs of each kind, other ones for another SEED. They run one after the other, so
# that what memory they take can be told.
define fuzz
$(SWIFT) build --build-tests -c release -Xswiftc -enable-testing
TSDB_FUZZ_COUNT=$(or $(COUNT),10000000) $(if $(SEED),TSDB_SEED=$(SEED)) \
	$(SWIFT) test --skip-build --no-parallel -c release -Xswiftc -enable-testing --filter '$(1)'
endef

fuzz-pages: deps ## Read COUNT (10000000) damaged pages of each format, with and without a page before; others for another SEED
	$(call fuzz,PageFuzzTests)

fuzz-requests: deps ## Read COUNT damaged requests of each kind that the server takes: writes, reads, OTLP, forms, selectors
	$(call fuzz,RequestFuzzTests)

fuzz-queries: deps ## Parse COUNT damaged queries
	$(call fuzz,mutatedExpressionsNeitherTrapNorPrintWhatDoesNotParse)

fuzz-files: deps ## Read COUNT damaged files of each kind: configuration, web configuration, targets
	$(call fuzz,FileFuzzTests)

fuzz-chunks: deps ## Decode COUNT damaged chunks, rows and records of each kind, this store's and Prometheus's
	$(call fuzz,ChunkFuzzTests)

lint: ## Check the formatting, strictly, that no source imports Foundation, and the scripts with shellcheck
	@! grep -rnE '^(public |internal |private )?import Foundation$$' Sources || { echo "Foundation is not to be imported: docs/ARCHITECTURE.md says why" >&2; exit 1; }
	@if command -v shellcheck >/dev/null; then shellcheck $(SCRIPTS); else echo "No shellcheck: the scripts are not checked (apt-get install shellcheck)." >&2; fi
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Benchmarks Benchmarks/Sources

format: ## Format the sources in place
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Benchmarks Benchmarks/Sources

bench: deps ## Measure ingest, storage and queries of the release build
	@scripts/bench.sh

bench-peers: deps ## Measure the release beside Prometheus and VictoriaMetrics: WORKLOAD=pod|fleet|wide|growth|all
	$(SWIFT) build $(RELEASE) --product tsdb
	@scripts/bench-peers.sh $(WORKLOAD) $(BENCH_OPTIONS)

bench-scrape: deps ## Measure what scraping costs the release, beside Prometheus: many targets, a large page, parsing, memory of a target
	$(SWIFT) build $(RELEASE) --product tsdb
	@scripts/bench-peers.sh scrape $(BENCH_OPTIONS)

bench-web: build ## Measure the release's HTTP server, beside Prometheus: small queries of 16 clients, and a large answer
	-@scripts/deps.sh wrk curl
	@scripts/test-tools.sh .build/tools
	@scripts/bench-web.sh

exporter-cost: deps ## Measure gpu-exporter: share of a core, resident memory, time of a page; with this machine's GPUs or simulated ones
	$(SWIFT) build $(RELEASE) --product gpu-exporter
	@scripts/exporter-cost.sh

clean: ## Remove what was built; data/ stays
	rm -rf .build

# BINARIES names programs that are built already, in place of a release build.
install: $(if $(BINARIES),,build) ## Install both programs, systemd units and configuration: PREFIX=/usr/local DESTDIR= SERVICE_USER=tsdb
	@BINARIES='$(BINARIES)' PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' UNITDIR='$(UNITDIR)' DESTDIR='$(DESTDIR)' SERVICE_USER='$(SERVICE_USER)' scripts/install.sh

package: $(if $(BINARIES),,build) ## Make a Debian package of both: .build/package/tsdb_VERSION_ARCHITECTURE.deb
	@command -v dpkg-shlibdeps >/dev/null || scripts/deps.sh dpkg-dev
	@BINARIES='$(BINARIES)' scripts/package.sh .build/package

# BUILD_IMAGE and RUNTIME_IMAGE are other bases; with PREBUILT=1 the programs are those of BINARIES (.build/release). Health
# checks are Docker's: without its format podman and buildah leave them out.
DOCKERFILE := $(if $(PREBUILT),.build/image/Dockerfile,docker/Dockerfile)
IMAGE_BUILD = $(ENGINE) build $(if $(filter podman buildah,$(ENGINE)),--format docker) --file $(DOCKERFILE) \
	$(if $(BUILD_IMAGE),--build-arg BUILD_IMAGE=$(BUILD_IMAGE)) $(if $(RUNTIME_IMAGE),--build-arg RUNTIME_IMAGE=$(RUNTIME_IMAGE))

# In a folder of their own: .build/release is a link, which no builder follows out of what it is sent.
.PHONY: .build/image/Dockerfile
.build/image/Dockerfile: docker/Dockerfile
	@install -D -t $(@D) $(addprefix $(or $(BINARIES),.build/release)/,tsdb gpu-exporter)
	@sed '/ AS build$$/,/^$$/c FROM $${RUNTIME_IMAGE} AS build\nCOPY $(@D)/tsdb $(@D)/gpu-exporter /out/\n' $< >$@

image: $(DOCKERFILE) ## Build the images tsdb:local and gpu-exporter:local with ENGINE (docker, podman, buildah); BUILD_IMAGE= RUNTIME_IMAGE= PREBUILT=1
	$(IMAGE_BUILD) --target tsdb --tag tsdb:local .
	$(IMAGE_BUILD) --target gpu-exporter --tag gpu-exporter:local .

image-check: ## As root: build the images with buildah on a Debian of debootstrap's, and see that they run; programs of .build/release
	@scripts/image-check.sh

services-up: ## Docker: start tsdb on :9090 and Grafana on :3001, which scrape the host's :9400; PROFILES=simulated adds eight simulated GPUs, =placeholders an application
	$(COMPOSE) up --build --detach --wait

services-down: ## Docker: stop the services; the data volumes stay
	$(COMPOSE) --profile '*' down

services-logs: ## Docker: follow the services' logs
	$(COMPOSE) --profile '*' logs --follow

services-status: ## Docker: which services run, and whether they are healthy
	$(COMPOSE) --profile '*' ps --all

gpu-tunnel: ## Keep the pod's metrics on localhost:9400: POD_HOST= POD_PORT=, or the outputs of TERRAFORM=terraform; TUNNEL_OPTIONS=--accept-new
	@address=$$(TARGET=$@ scripts/pod-address.sh) \
		&& exec scripts/tunnel-metrics.sh $(TUNNEL_OPTIONS) $$address

gpu-setup-dcgm: ## Install DCGM and its exporter on the pod, or start gpu-exporter there; the pod as for gpu-tunnel, SETUP_OPTIONS=--accept-new
	@address=$$(TARGET=$@ scripts/pod-address.sh) \
		&& exec scripts/setup-dcgm.sh $(SETUP_OPTIONS) $$address

template-build: $(DOCKERFILE) ## Build the RunPod template's image: DOCKER_USERNAME=you, TEMPLATE_BASE= for another base
	@$(if $(DOCKER_USERNAME),,echo "Whose image? make $@ DOCKER_USERNAME=you" >&2; exit 1)
	$(IMAGE_BUILD) --target gpu-exporter --tag gpu-exporter:local .
	$(ENGINE) build --file docker/runpod-template/Dockerfile --build-arg BASE_IMAGE=$(TEMPLATE_BASE) --tag $(TEMPLATE_IMAGE) .

template-push: ## Push the RunPod template's image: DOCKER_USERNAME=you
	@$(if $(DOCKER_USERNAME),,echo "Whose image? make $@ DOCKER_USERNAME=you" >&2; exit 1)
	$(ENGINE) push $(TEMPLATE_IMAGE)
