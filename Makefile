# make demo       set everything up and do the main job on real models
# make test       the tests, with lint, types and import rules
# make test-unit  the tests that need no server, network or model, in a minute
# make coverage   the same, and which lines and branches of hub/ they reach
# make test-all   all tests, also those that need more time or big extras
# make docs       the documents as a web site, in build/site/html
# make chaos      minutes of load while processes are killed and modules reloaded
# make bench-ray  what engine ray costs, and how it grows with replicas
# make lint | types | bench | clean
#
# Everything is installed into .venv, which make creates; PYTHON chooses the interpreter.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UNIT := unit and not models and not slow
.DELETE_ON_ERROR:
.PHONY: demo test test-unit coverage test-all docs lint types imports bench bench-ray chaos clean

$(VENV)/demo.done: setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "HubServing needs Python 3.11 or newer; set PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/dev.done: $(VENV)/demo.done
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

$(VENV)/docs.done: $(VENV)/demo.done
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@

# The tests and the benchmark of engine ray, and the example that runs on Ray Data.
$(VENV)/ray.done: $(VENV)/dev.done
	$(BIN)/python -m pip install --quiet --editable '.[dev,ray]' --requirement examples/bulk_ocr/requirements.txt
	touch $@

demo: $(VENV)/demo.done
	$(BIN)/python tools/demo.py

test: $(VENV)/dev.done lint types imports
	$(BIN)/python -m pytest -m "not slow" --numprocesses 3 --dist loadfile --reruns 1

test-unit: $(VENV)/dev.done
	$(BIN)/python -m pytest -m "$(UNIT)" --numprocesses 2 --dist loadfile

coverage: $(VENV)/dev.done
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -m "$(UNIT)" --quiet
	$(BIN)/coverage report

test-all: $(VENV)/ray.done $(VENV)/docs.done lint types imports
	$(BIN)/python -m pytest

docs: $(VENV)/docs.done
	$(BIN)/python tools/build_site.py

lint: $(VENV)/dev.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/check_words.py

types: $(VENV)/dev.done
	$(BIN)/mypy

imports: $(VENV)/dev.done
	$(BIN)/lint-imports

bench: $(VENV)/dev.done
	$(BIN)/python -m benchmarks ocr

bench-ray: $(VENV)/ray.done
	$(BIN)/python -m benchmarks ray

chaos: $(VENV)/dev.done
	$(BIN)/python -m benchmarks.chaos

clean:
	rm -rf $(VENV) .demo build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .cache
