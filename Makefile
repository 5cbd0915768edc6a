# Two commands: `make demo` and `make test`. Both make their own environment in .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help demo test check bench homeassistant package package-test clean

help:
	@echo "make demo    a whole simulated lot in the browser; Ctrl-C ends it"
	@echo "make test    every check and every test"
	@echo "make check   format, lint, types and layers only"
	@echo "make bench   timings beside the stock ocpp package"
	@echo "make package the Debian package for this machine, into build/"
	@echo "make package-test  installs, upgrades and removes it in a fresh Debian; as root"
	@echo "make homeassistant  its own schemas judge what we tell it"
	@echo "make clean   remove what the others made"

demo: $(VENV)/.run
	@exec $(BIN)/ampyard demo $(ARGS)

test: $(VENV)/.test
	@sh tests/system-packages.sh
	@sh tests/promtool.sh "$(BIN)"
	@$(MAKE) --no-print-directory check $(VENV)/.npm
	$(BIN)/pytest -n 2 --dist loadgroup

check: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(VENV)/.bench $(VENV)/.npm
	$(BIN)/python -m tests.bench $(ARGS)

package: | $(BIN)/python
	@PIP=$(BIN)/pip sh deploy/package/build.sh build

package-test: | $(BIN)/python
	@PIP=$(BIN)/pip sh deploy/package/test.sh build/package-test

# Home Assistant brings two hundred packages, and a client of MQTT older than ours: it has a folder of its own.
homeassistant: $(VENV)/.homeassistant
	$(VENV)/homeassistant/bin/python -m tests.interop.homeassistant

$(VENV)/.homeassistant: | $(BIN)/python
	@sh deploy/environment.sh "$(PYTHON)" "$(VENV)/homeassistant"
	@$(VENV)/homeassistant/bin/pip install --quiet homeassistant==2024.3.3 paho-mqtt==1.6.1 aiohttp_cors janus msgspec
	@touch $@

# numpy carries a rival's rule, as it does in its own package; aiomqtt is the other way to MQTT.
$(VENV)/.bench: $(VENV)/.test
	@$(BIN)/pip install --quiet numpy==2.4.6 aiomqtt==2.5.1
	@touch $@

# Foreign OCPP peers of npm, in the versions of their lock.
$(VENV)/.npm: tests/npm/package.json tests/npm/package-lock.json | $(BIN)/python
	@mkdir -p $(VENV)/npm
	@cp tests/npm/package.json tests/npm/package-lock.json $(VENV)/npm/
	@npm ci --prefix $(VENV)/npm --no-audit --no-fund --loglevel error
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist build

$(BIN)/python:
	@sh deploy/environment.sh "$(PYTHON)" "$(VENV)"

# What the controller needs. An editable installation: what is in this folder is what runs.
$(VENV)/.run: pyproject.toml | $(BIN)/python
	@echo "Installing what the controller needs; this happens once."
	@$(BIN)/pip install --quiet --editable .
	@touch $@

# What the tests need, in the versions of the lock.
$(VENV)/.test: pyproject.toml tests/requirements.lock | $(BIN)/python
	@echo "Installing what the tests need; this happens once."
	@$(BIN)/pip install --quiet --requirement tests/requirements.lock
	@$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@ $(VENV)/.run
