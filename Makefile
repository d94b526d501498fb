# MedNexus. `make run` and `make test` are all that a fresh machine needs; both install what is missing and say so.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

SWIFT ?= swift
BUILD := $(SWIFT) build -c release
BIN := .build/release
VENV := .build/venv
HOME_DIRECTORY ?= .build/devnet
ONLY ?=

.PHONY: help run test build state-sync package check-package bench guard guard-baseline large-content simulate royalty-model simulate-custodian simulate-planted kill perturb finality content fuzz vectors format check cddl docs prerequisites python clean model-check

help: ## Says what each target does.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

prerequisites: ## Installs what is missing of the Swift-side system packages.
	@.ci/prerequisites libssl-dev libsecp256k1-dev liblmdb-dev

python: prerequisites ## Makes the Python environment of the third-party checks.
	@.ci/python $(VENV)
	@command -v node >/dev/null || .ci/prerequisites nodejs
	@.ci/prerequisites systemd openssl dpkg-dev valgrind

build: prerequisites ## Builds node and wallet in release.
	$(BUILD) --product mednexusd
	$(BUILD) --product mednexus

package: prerequisites ## Makes .build/package/mednexus_VERSION_ARCHITECTURE.deb and SHA256SUMS.
	@.ci/prerequisites dpkg-dev
	$(SWIFT) build -c release --static-swift-stdlib -Xlinker -s --scratch-path .build-package --product mednexusd
	$(SWIFT) build -c release --static-swift-stdlib -Xlinker -s --scratch-path .build-package --product mednexus
	@.ci/package .build-package/release .build/package

check-package: package ## Installs the package into a fresh Debian (as root), runs a node there, removes it.
	@.ci/prerequisites debootstrap
	Tests/Packaging/fresh-root .build/package/*.deb

run: build ## Starts a local network and plays the real workflow on it (ONCE=1: then exits).
	@Tests/Story/run $(HOME_DIRECTORY)

test: python cddl ## Builds and runs every test (ONLY=Room: that room's tests).
ifneq ($(ONLY),)
	MEDNEXUS_ONLY=$(ONLY) $(SWIFT) test -c release --scratch-path .build-only
else
	$(BUILD) --build-tests
	$(SWIFT) test -c release --skip-build --skip NetworkingTests
	# By themselves: their sockets must not wait for threads that computing tests hold.
	$(SWIFT) test -c release --skip-build --filter NetworkingTests
	$(BUILD) --product mednexus-simulator
	$(BIN)/mednexus-simulator --seeds 1000
	$(BIN)/mednexus-simulator --custodian --seeds 300
	$(BUILD) --product mednexus-relay
	$(BUILD) --product mednexus-bench
	$(VENV)/bin/python -m pytest -q -p no:cacheprovider Tests/Python
endif

content: python build ## Lets a large content pass through a node and watches its memory (MEBIBYTES=1024).
	MEDNEXUS_LARGE_MEBIBYTES=$(or $(MEBIBYTES),1024) $(VENV)/bin/python -m pytest -q -s -p no:cacheprovider Tests/Python/test_content_store.py -k memory

kill: python build ## Kills a node under load, again and again (ROUNDS=50).
	MEDNEXUS_KILLS=$(or $(ROUNDS),50) $(VENV)/bin/python -m pytest -q -s -p no:cacheprovider Tests/Python/test_kill.py

perturb: python build ## Random perturbations of four real validators (ROUNDS=100, SEED=n).
	$(BUILD) --product mednexus-relay
	MEDNEXUS_ROUNDS=$(or $(ROUNDS),100) $(if $(SEED),MEDNEXUS_SEED=$(SEED)) \
		$(VENV)/bin/python -m pytest -q -s -p no:cacheprovider Tests/Python/test_perturbation.py

finality: python build ## Finality against three one-way delays, between namespaces: 4, 7 and 16 validators.
	$(BUILD) --product mednexus-relay
	MEDNEXUS_FINALITY=all $(VENV)/bin/python -m pytest -q -s -p no:cacheprovider Tests/Python/test_finality.py

state-sync: python build ## A node without a ledger takes a state of ENTRIES (1000000) from a peer, beside copying it.
	$(BUILD) --product mednexus-bench
	MEDNEXUS_STATE_ENTRIES=$(or $(ENTRIES),1000000) $(VENV)/bin/python -m pytest -q -s -p no:cacheprovider \
		Tests/Python/test_state_sync.py

large-content: python build ## Encrypts, verifies, decrypts and sells a file of SIZE (5G), and measures memory.
	MEDNEXUS_CONTENT_SIZE=$(or $(SIZE),5G) $(VENV)/bin/python -m pytest -q -s -p no:cacheprovider \
		Tests/Python/test_content_format.py Tests/Python/test_large_sale.py

bench: build python ## Prints ratios beside their ceilings measured in the same run (ONLY=id,…; LARGE=1: growth to 10 M).
	@.ci/prerequisites wrk postgresql
	$(BUILD) --product mednexus-bench
	$(BUILD) --product mednexus-relay
	$(BIN)/mednexus-bench --only "$(ONLY)" $(if $(LARGE),--large)

guard: prerequisites ## Counts the instructions of each stage and fails where one costs 15 % more than .ci/guard.json says.
	@.ci/prerequisites valgrind
	$(BUILD) --product mednexus-bench
	@.ci/guard

guard-baseline: prerequisites ## Makes what each stage costs now the baseline of the guard.
	@.ci/prerequisites valgrind
	$(BUILD) --product mednexus-bench
	@.ci/guard --write

simulate: prerequisites ## Runs SEEDS simulated networks with faults (SEEDS=1000; SEED=n: that one, with its trace).
	$(BUILD) --product mednexus-simulator
	@$(BIN)/mednexus-simulator $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),1000))

royalty-model: prerequisites ## Judges SEEDS royalty histories by an independent model (SEEDS=100000; SEED=n: that one).
	$(BUILD) --product mednexus-simulator
	@python3 Tests/Python/royalty_model.py $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),100000))

simulate-custodian: prerequisites ## Runs SEEDS custodians beside a ledger with faults (SEEDS=10000; SEED=n: that one).
	$(BUILD) --product mednexus-simulator
	@$(BIN)/mednexus-simulator --custodian $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),10000))

simulate-planted: prerequisites ## Shows that the simulator finds planted faults.
	@Tests/Simulator/planted/run

fuzz: prerequisites ## A million random and mutated inputs to each decoder.
	MEDNEXUS_FUZZ=1000000 $(SWIFT) test -c release --filter hostile

vectors: python ## Runs the tests against published vectors, the large sets included if MEDNEXUS_CONFORMANCE names them.
	$(SWIFT) test -c release --filter vectors

cddl: ## Joins the sections of the schema into Specs/ledger.cddl.
	@.ci/cddl

format: ## Formats the sources.
	$(SWIFT) format --in-place --recursive --parallel Sources Tests Package.swift

check: ## Formatting, style, the joined schema, and imports against Package.swift.
	$(SWIFT) format lint --strict --recursive --parallel Sources Tests Package.swift
	@.ci/cddl --check
	@.ci/prerequisites python3
	@.ci/imports $(SWIFT)

model-check: ## Checks the model of consensus: agreement with the rules, disagreement without one.
	@.ci/model-check

docs: ## The specifications are the documentation.
	@ls Specs Specs/*

clean: ## Removes what was built.
	rm -rf .build .build-only .build-package
