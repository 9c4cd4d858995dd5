# Each command first makes .venv, or brings it up to date, if that is needed.
#
#   make serve       show the site at http://127.0.0.1:8000, with live reload (PORT=8001: there)
#   make test        check and run everything
#   make test-all    the same, and every notebook in Jupyter
#   make outputs     rewrite the outputs, figures and records of the programs
#   make build       build the site into site/
#   make epub        the same, with a book of all notes per language, checked by epubcheck
#
#   make faults      make mistakes on purpose, in copies, and see the tests turn red (ONLY=tanh)
#   make mutants     make small mistakes in the concepts, and see the tests turn red (ONLY=norms)
#   make hostile     search at random, for a quarter of an hour, for input on which twins differ
#   make matrix      test under other threads, engines, processors, orders, Pythons and NumPys
#   make bench       time the from-scratch ops, the program runner, the site and its live reload
#   make lighthouse  hold the built site to 100 in Lighthouse (needs Node.js)
#   make zensical    build the same pages with Zensical, and list what is lost
#   make publish     put the site on the branch gh-pages, as VERSION=1.2 or the latest; no push
#   make clean       remove what the commands above made, except .venv and gh-pages
#
# PYTHON=/path/to/python3.11 names the Python that makes .venv.

COMMANDS = serve test test-all outputs build epub faults mutants hostile matrix bench \
	lighthouse zensical publish

export PYTHON PORT ONLY VERSION

.PHONY: $(COMMANDS) clean

$(COMMANDS):
	@"$(or $(PYTHON),python3)" src/sitetools/environment.py $@

clean:
	rm -rf site site-zensical .cache .pytest_cache .ruff_cache src/*.egg-info
	find . \( -name '.venv*' -o -name .git \) -prune -o -name __pycache__ -prune -exec rm -rf {} +
