# Few verbs: set-up happens by itself, in .venv, on Python 3.11 or newer with pip and nothing else.
PYTHON ?= python3
VENV   ?= .venv
ifeq ($(OS),Windows_NT)
  BIN := $(VENV)/Scripts
else
  BIN := $(VENV)/bin
endif
READY := $(VENV)/.ready

.PHONY: board test check fast install clean

board: $(READY)  ## rank the classic methods and the first network on real reviews
	$(BIN)/valence sweep quick --data movie_reviews
	$(BIN)/valence board --data movie_reviews

test: check fast  ## lint, types, layers and tests

check: $(READY)
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

fast: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadscope

install: $(READY)

# the stamp is remade when a dependency changes, so that `git pull && make test` needs no second thought
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 'Valence needs Python 3.11 or newer, this is %s. Say: make PYTHON=python3.12 ...' % sys.version.split()[0])"
	$(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV), a few minutes the first time ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[torch,audit,llm,onnx,ray,serve,dev]'
	$(BIN)/python -c "open(r'$(READY)', 'w').close()"

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
