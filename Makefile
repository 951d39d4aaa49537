# What can be done here. All Python things live in .venv, all builds in target; both can be deleted.

.DEFAULT_GOAL := help
SHELL := /bin/bash

# The newest Python 3.11 or later that is installed; choose another with `make PYTHON=...`.
PYTHON ?= $(shell .ci/find-python)
VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin

# Folders are looked for in, because they come one after the other.
RUST_SOURCES := $(shell find core files host py benches -name '*.rs' -o -name Cargo.toml 2>/dev/null)
WASM_SOURCES := $(shell find core/src files/src wasm/src wasm/ts -type f) core/Cargo.toml files/Cargo.toml wasm/Cargo.toml wasm/tsconfig.json
PAGE_SOURCES := $(shell find wasm/www/src wasm/www/public -type f) wasm/www/index.html wasm/www/vite.config.ts
SCHEDULES := --features shadowvol-host/schedules --test schedules
PYTEST_ARGS ?=
DEMO_ARGS ?=
PROOF_ARGS ?= --long
SOAK_SECONDS ?= 3600
SOAK_SEED ?= $(shell date +%s)
KERNEL_CASES ?=
MUTANTS_ARGS ?=
BENCH_ARGS ?=
BENCH_PEERS ?=
STORIES := py/python/shadowvol/analysis/proof.json
# Of each target of `make fuzz`.
FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?= files opening records sequence

.PHONY: help demo page test test-core test-schedules test-py test-wasm test-page test-kernels proof soak fuzz \
	faces stories notebooks mutants check-no-std wasm bench bench-peers bench-instructions bench-wasm fmt lint docs \
	clean tools

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

demo: $(VENV)/built ## See the whole story on real databases; more with DEMO_ARGS="--help"
	$(BIN)/shadowvol demo $(DEMO_ARGS)

page: wasm/www/dist/built ## The protocol on a page, step by step, served on this machine
	cd wasm/www && npm run --silent preview

test: test-core check-no-std test-py test-wasm test-page test-kernels ## All tests

test-core: tools test-schedules ## The tests in Rust
	@.ci/install-qemu
	@.ci/install-e2fsprogs
	cargo test --locked --workspace --exclude shadowvol-py
	cargo test --locked -p shadowvol --features sim --lib --test proof
	cargo test --locked -p shadowvol --features sim --doc

# The whole workspace is named, so that what was built for the other tests is used.
test-schedules: tools ## The driver's threads in many schedules; SHADOWVOL_LONG=1 explores more
	cargo test --locked --workspace --exclude shadowvol-py $(SCHEDULES)

test-py: $(VENV)/built ## The tests in Python, and the notebooks; choose some with PYTEST_ARGS="-k name"
	@.ci/install-postgresql
	@.ci/install-e2fsprogs
	@.ci/install-fio
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-wasm: wasm ## The tests in JavaScript
	cd wasm && npm run --silent test

test-page: wasm/www/dist/built $(VENV)/built ## The page in real browsers, where those can be installed
	@if .ci/install-browsers; then cd wasm/www && npm run --silent test; fi

test-kernels: tools ## Nodes in two real kernels, where those can be installed; choose with KERNEL_CASES=NFS
	@if .ci/install-kernels; then \
	  cargo test --locked --workspace --exclude shadowvol-py --test kernels -- $(KERNEL_CASES); \
	fi

proof: tools ## What is proven, with counts of states; more with PROOF_ARGS="--long --stories"
	cargo run --locked --release -p shadowvol --features sim --example proof -- $(PROOF_ARGS)

soak: tools ## Faults and kills on real files for SOAK_SECONDS (3600), drawn from SOAK_SEED
	SOAK_SECONDS=$(SOAK_SECONDS) SOAK_SEED=$(SOAK_SEED) \
	  cargo test --locked -p shadowvol-host --test soak -- --nocapture

check-no-std: tools ## Prove that the core uses no std
	.ci/check-no-std

mutants: tools ## See whether the tests notice small faults in the core, for hours; MUTANTS_ARGS="-F slots.rs"
	@command -v cargo-mutants >/dev/null || \
	  { echo "This is missing: cargo-mutants: cargo install --locked cargo-mutants" >&2; exit 1; }
	PROPTEST_MAX_SHRINK_ITERS=0 cargo mutants -p shadowvol $(MUTANTS_ARGS)

wasm: wasm/dist/built ## The JavaScript package, in wasm/dist

bench-wasm: wasm wasm/www/node_modules/ready tools ## Measure the JavaScript package, as ratios to the engine without WebAssembly, and to files
	cargo run --quiet --locked --release -p shadowvol-benches --example wasm
	@if .ci/install-browsers; then cd wasm/www && npm run --silent opfs; fi

bench: tools ## Measure, as ratios to the plain file; choose with BENCH_ARGS="--bench write --bench read"
	SHADOWVOL_BENCH_COMMAND='make bench BENCH_ARGS="$(BENCH_ARGS)"' \
	  cargo bench --locked -p shadowvol-benches $(BENCH_ARGS)

bench-peers: tools ## Measure other snapshot systems beside ours; choose with BENCH_PEERS="qemu-cbw xfs-reflink"
	cargo build --locked --release -p shadowvol-benches --example peers
	SHADOWVOL_BENCH_COMMAND='make bench-peers BENCH_PEERS="$(BENCH_PEERS)"' \
	  .ci/bench-peers "$${CARGO_TARGET_DIR:-target}/release/examples/peers" $(BENCH_PEERS)

bench-instructions: tools ## Count the instructions of the hot paths; BENCH_ARGS=--accept takes them as they are
	@if .ci/install-valgrind; then \
	  SHADOWVOL_BENCH_COMMAND='make bench-instructions' \
	  cargo run --quiet --locked --release -p shadowvol-benches --example instructions -- $(BENCH_ARGS); \
	fi

fuzz: tools ## Look for hostile inputs with cargo-fuzz, FUZZ_SECONDS for each of FUZZ_TARGETS
	.ci/fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)

faces: tools ## Make the traces anew that every face of the engine has to play alike
	SHADOWVOL_MAKE_FACES=1 cargo test --locked -p shadowvol-host --test faces

stories: tools ## Explore the protocol's worlds, and keep what is found for the notebooks
	cargo run --locked --release -p shadowvol --features sim --example proof -- --json > $(STORIES).new
	mv $(STORIES).new $(STORIES)

notebooks: $(VENV)/built ## Run the notebooks; those in notebooks/executed show their plots
	$(BIN)/python -m nbconvert --log-level=WARN --to notebook --execute \
	  --ExecutePreprocessor.startup_timeout=300 --output-dir notebooks/executed notebooks/*.ipynb
	@echo "Open them with: .venv/bin/jupyter lab notebooks/executed"

fmt: $(VENV)/ready wasm/www/node_modules/ready ## Format all sources
	cargo fmt --all
	$(BIN)/ruff check --quiet --fix-only
	$(BIN)/ruff format
	cd wasm/www && npm run --silent fmt

lint: $(VENV)/ready wasm/www/node_modules/ready ## Check formats, lints and types
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo clippy --locked -p shadowvol --features sim --all-targets -- -D warnings
	cargo clippy --locked --workspace --exclude shadowvol-py $(SCHEDULES) --test kernels -- -D warnings
	cargo clippy --locked -p shadowvol-wasm --no-default-features --features sim -- -D warnings
	cargo clippy --locked -p shadowvol-wasm --no-default-features --features files -- -D warnings
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	cd wasm/www && npm run --silent lint

docs: tools ## The documentation of the crates, in target/doc
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --workspace --features shadowvol/sim

clean: ## Delete all that was built
	rm -rf target .venv dist wasm/dist wasm/dist-tests wasm/node_modules wasm/www/dist wasm/www/tests/built wasm/www/node_modules \
	  fuzz/corpus fuzz/artifacts .hypothesis .pytest_cache .mypy_cache .ruff_cache
	rm -rf notebooks/executed notebooks/.ipynb_checkpoints
	rm -f .ci/no-std/Cargo.lock py/python/shadowvol/_shadowvol*.so
	find py -name __pycache__ -prune -exec rm -rf {} +

tools:
	@.ci/check-tools $(PYTHON)

# What JavaScript needs, as package.json and its lock list it.
wasm/node_modules/ready: wasm/package.json wasm/package-lock.json
	@.ci/check-node
	cd wasm && npm ci --no-fund --no-audit
	touch $@

wasm/dist/built: wasm/node_modules/ready .ci/build-wasm Cargo.toml Cargo.lock $(WASM_SOURCES)
	.ci/build-wasm
	cd wasm && npm run --silent build
	touch $@

wasm/www/node_modules/ready: wasm/www/package.json wasm/www/package-lock.json wasm/dist/built
	cd wasm/www && npm ci --no-fund --no-audit
	touch $@

wasm/www/dist/built: wasm/www/node_modules/ready $(PAGE_SOURCES)
	cd wasm/www && npm run --silent build
	touch $@

# The tools for Python, as pyproject.toml lists them.
$(VENV)/ready: pyproject.toml
	@.ci/check-tools $(PYTHON)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --group dev
	touch $@

# The package, in place: changes in its Python files need no new build.
$(VENV)/built: $(VENV)/ready Cargo.toml Cargo.lock $(RUST_SOURCES)
	VIRTUAL_ENV=$(VENV) $(BIN)/maturin develop --release --extras demo
	touch $@
