# make run: the app in the browser. make test: all tests. make check: format, lint, types, tests, of the browser's code too
# where npm is installed; the app needs neither node nor npm.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run setup test lint lint-browser check format clean

run: $(VENV)/.installed
	$(BIN)/streamlit run app.py

setup: $(VENV)/.installed

# The tests of the real page run alone after the others: they wait for a browser, and other tests would make them wait longer.
test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder --ignore tests/browser
	$(BIN)/python -m pytest tests/browser

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@$(MAKE) --no-print-directory lint-browser

lint-browser:
	@if ! command -v npm >/dev/null; then echo "npm is not installed, so the browser's code is not checked"; \
	elif ! npm ls >/dev/null 2>&1 && ! npm ci --no-audit --no-fund --loglevel=error --fetch-retries=1; then \
		echo "npm cannot install ESLint and TypeScript here, so the browser's code is not checked"; \
	else npm run --silent check; fi

check: lint test

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install -r requirements.txt
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install -r requirements-dev.txt
	touch $@
