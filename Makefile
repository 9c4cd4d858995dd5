# Each command first makes .venv, or brings it up to date, if that is needed.
#
#   make serve    show the site at http://127.0.0.1:8000, with live reload (PORT=8001: there)
#   make test     check and run everything
#   make outputs  rewrite the outputs and figures of the programs
#   make bench    time the from-scratch ops and the program runner
#   make faults   make mistakes on purpose, in copies, and see the tests turn red
#   make matrix   test under other threads, engines, orders, Pythons and NumPys
#   make build    build the site into site/
#   make clean    remove what the commands above made, except .venv
#
# PYTHON=/path/to/python3.11 names the Python that makes .venv.

export PYTHON PORT ONLY

.PHONY: serve test outputs bench faults matrix build clean

serve test outputs bench faults matrix build:
	@"$(or $(PYTHON),python3)" src/sitetools/environment.py $@

clean:
	rm -rf site .pytest_cache .ruff_cache src/*.egg-info
	find . \( -name .venv -o -name .git \) -prune -o -name __pycache__ -prune -exec rm -rf {} +
