# The one entry point: `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
SWIFT ?= swift
RELEASE := -c release --static-swift-stdlib -Xlinker -s
WORKLOAD ?= pod
COMPOSE := docker compose -f docker/docker-compose.yml

.PHONY: help deps test-tools build run test test-slow fuzz-diff fuzz-pages lint format sqlite-extension bench bench-peers bench-web exporter-cost clean up up-simulated \
	down logs

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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
	-@scripts/deps.sh sqlite3 python3 python3-venv curl openssl dnsmasq-base
	@scripts/test-tools.sh .build/tools
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

fuzz-pages: deps ## Read COUNT (10000000) damaged pages of each format, with and without a page before; others for another SEED
	$(SWIFT) build --build-tests -c release -Xswiftc -enable-testing
	TSDB_FUZZ_PAGES=$(or $(COUNT),10000000) $(if $(SEED),TSDB_SEED=$(SEED)) \
		$(SWIFT) test --skip-build -c release -Xswiftc -enable-testing --filter PageFuzzTests

lint: ## Check the formatting, strictly, and that no source imports Foundation
	@! grep -rnE '^(public |internal |private )?import Foundation$$' Sources || { echo "Foundation is not to be imported: docs/ARCHITECTURE.md says why" >&2; exit 1; }
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Benchmarks Benchmarks/Sources

format: ## Format the sources in place
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Benchmarks Benchmarks/Sources

bench: deps ## Measure ingest, storage and queries of the release build
	@scripts/bench.sh

bench-peers: deps ## Measure the release beside Prometheus and VictoriaMetrics: WORKLOAD=pod|fleet|wide|growth|all
	$(SWIFT) build $(RELEASE) --product tsdb
	@scripts/bench-peers.sh $(WORKLOAD) $(BENCH_OPTIONS)

bench-web: build ## Measure the release's HTTP server, beside Prometheus: small queries of 16 clients, and a large answer
	-@scripts/deps.sh wrk curl
	@scripts/test-tools.sh .build/tools
	@scripts/bench-web.sh

exporter-cost: deps ## Measure gpu-exporter: share of a core, resident memory, time of a page; with this machine's GPUs or simulated ones
	$(SWIFT) build $(RELEASE) --product gpu-exporter
	@scripts/exporter-cost.sh

clean: ## Remove what was built; data/ stays
	rm -rf .build

up: ## Docker: start tsdb on :9090 and Grafana on :3001 (scrapes the host's :9400)
	$(COMPOSE) up --build --detach

up-simulated: ## Docker: as up, with eight simulated GPUs
	$(COMPOSE) --profile simulated up --build --detach

down: ## Docker: stop the services; the data volume stays
	$(COMPOSE) --profile simulated down

logs: ## Docker: follow the services' logs
	$(COMPOSE) logs --follow
