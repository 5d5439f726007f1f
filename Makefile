# `make book` and `make test` each set up everything they need in .venv.
# Needed beforehand: Python 3.11 or newer, and make.

.DEFAULT_GOAL := help
SHELL := /bin/sh
# Two of these at once would fight over two cores and one .venv.
.NOTPARALLEL:

# Which Python makes .venv; choose another with: make book PYTHON=/path/to/python
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCH_STAMP := $(VENV)/.installed-bench
HTML := book/_build/html
# Where the pages of `make site` will stand, such as https://name.github.io/book/.
SITE ?=
NOTEBOOKS = $(wildcard book/*.ipynb)
PROCESSES ?= 2
# More Pythons for `make machines`, such as PYTHONS="python3.12 python3.13".
export PYTHONS ?=

# One thread a process: sums in a fixed order, and room for a second process.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK ?= 1

# What `make test` runs, one after another, whatever fails.
PARTS := lint types unit notebooks oldest pages

.PHONY: help setup book site sphinx test lint types unit notebooks oldest pages pages-all \
	machines mutations draws settings claims rerun bench format clean distclean

help: ## list the targets
	@echo "make TARGET, where TARGET is"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(firstword $(MAKEFILE_LIST)) \
		| awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'
	@echo "The wings of tapx, and which may import which: CONTRIBUTING.md, The house"

setup: $(STAMP) ## make .venv and install the book's exact dependencies

$(STAMP): requirements.txt constraints.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer found." \
		"Install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is not Python 3.11 or newer." \
		"Name another: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements.txt
	$(BIN)/python -m pip check
	@touch $@

book: $(STAMP) ## build the book from its stored outputs
	rm -rf book/_build _build
	$(BIN)/jupyter-book build . --path-output book -n -W --keep-going --quiet
	@echo
	@echo "The book is built. Open"
	@echo "  $(CURDIR)/$(HTML)/index.html"

site: $(STAMP) ## build what a static host serves: make site SITE=https://...
	@test -n "$(SITE)" || { echo "Say where the pages will stand:" \
		"make site SITE=https://name.github.io/book/" >&2; exit 1; }
	rm -rf build/site
	TAPX_SITE="$(SITE)" $(BIN)/jupyter-book build . --path-output build/site \
		-n -W --keep-going --quiet
	touch build/site/_build/html/.nojekyll
	@echo
	@echo "The pages for $(SITE) are in"
	@echo "  $(CURDIR)/build/site/_build/html"

# Without Jupyter Book: its settings as Sphinx reads them, where our extensions stand,
# and the extensions that are its own left out.
SPHINX = $(BIN)/jupyter-book config sphinx . && printf '%s\n' 'import sys' \
	'sys.path.insert(0, "book/_ext")' \
	'extensions = [one for one in extensions if "jupyter" not in one]' >> conf.py \
	&& $(BIN)/sphinx-build -n -W --keep-going -q .

sphinx: $(STAMP) ## build the same book by Sphinx alone, from an exported conf.py
	rm -rf build/sphinx
	@$(SPHINX) build/sphinx; status=$$?; rm -f conf.py; exit $$status
	@echo "  $(CURDIR)/build/sphinx/index.html"

# XeLaTeX is not installed here: it comes with the system, see README.
pdf: $(STAMP) ## the whole book as a PDF, by XeLaTeX
	@for tool in xelatex latexmk; do command -v $$tool >/dev/null || { \
		echo "$$tool is missing. The PDF needs Debian's packages texlive-xetex," \
		"texlive-latex-extra, latexmk and fonts-freefont-otf" >&2; exit 1; }; done
	rm -rf build/pdf
	@$(SPHINX) -b latex build/pdf; status=$$?; rm -f conf.py; exit $$status
	cd build/pdf && latexmk -xelatex -interaction=nonstopmode -quiet tapx-book.tex
	@awk -F'[(p]' '/^Overfull .hbox/ && $$2 + 0 > 5 { print; bad = 1 } END { exit bad }' \
		build/pdf/tapx-book.log || { echo "Lines are too wide for the page." >&2; exit 1; }
	@echo "  $(CURDIR)/build/pdf/tapx-book.pdf"

test: $(STAMP) ## run the whole suite: all of the next six, and sum up
	@MAKE="$(MAKE)" $(BIN)/python tests/run_parts.py $(PARTS)
	@echo "Style, types, unit and property tests, every notebook re-executed with its"
	@echo "claims compared, here and in older arithmetic, the published pages."

lint: $(STAMP) ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## mypy on tapx
	$(BIN)/mypy

unit: $(STAMP) ## unit and property tests
	$(BIN)/pytest -q -n $(PROCESSES) --dist loadgroup -m "not published" tests

notebooks: $(STAMP) ## re-execute every notebook, compare its outputs and claims
	$(BIN)/pytest -q -n $(PROCESSES) --dist loadfile -p no:cacheprovider \
		--nbval --nbval-cell-timeout 600 --nbval-kernel-startup-timeout 120 \
		$(NOTEBOOKS)

oldest: $(STAMP) ## the notebooks in the oldest arithmetic, trained ones small
	$(BIN)/python tests/run_machines.py --gate --processes $(PROCESSES)

pages: $(STAMP) ## build the book and read its pages
	$(BIN)/pytest -q -n $(PROCESSES) --dist load -m published tests

pages-all: $(STAMP) ## the same, every page at three widths, light and dark
	TAPX_EVERY_PAGE=1 $(BIN)/pytest -q -n $(PROCESSES) --dist load -m published tests

machines: $(STAMP) ## what is certified, under ten arithmetics (hours)
	$(BIN)/python tests/run_machines.py --processes $(PROCESSES); status=$$?; \
	$(BIN)/python -m tapx rerun trust scoreboard && exit $$status

mutations: $(STAMP) ## plant mistakes that the tests must catch (hours)
	$(BIN)/python tests/mutate.py

draws: $(STAMP) ## run every chapter with parameters drawn at random (an hour)
	$(BIN)/python tests/draw_runs.py

settings: $(STAMP) ## train toy tasks at 7 rates and 2 schedules, and controls (4 hours)
	$(BIN)/python tests/run_settings.py

claims: $(STAMP) ## re-run the chapters and compare their claims alone
	$(BIN)/python -m tapx check --processes $(PROCESSES)

rerun: $(STAMP) ## re-execute every chapter in place, two processes
	$(BIN)/python -m tapx rerun --processes $(PROCESSES)

bench: $(BENCH_STAMP) ## measure speed and memory against a dense model
	$(BIN)/python -m tapx bench

$(BENCH_STAMP): $(STAMP) requirements-bench.txt
	$(BIN)/python -m pip install --quiet -r requirements-bench.txt
	@touch $@

format: $(STAMP) ## put the code into ruff's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove what was built, keep .venv
	rm -rf book/_build _build build runs .pytest_cache .ruff_cache .mypy_cache \
		.hypothesis *.egg-info
	find tapx tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove .venv too
	rm -rf $(VENV)
