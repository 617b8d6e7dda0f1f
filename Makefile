# "make run" tries the bot on its simulated node, "make test" runs the tests. Both set up what they need.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Built as pip will always do it: else an old pip warns of a package that comes as source.
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517

.PHONY: run test quick check lint faults soak week kill share-day clients scale attack confusion trial-errors bench texts wheel extras node clean

run: $(VENV)/.run-ready meshbot/text/catalogues/en.mo
	$(BIN)/python main_bot.py

test: $(VENV)/.test-ready
	$(BIN)/python -m pytest

# The inner loop, about a minute on two cores: all but what is marked as slow, with fewer examples.
quick: $(VENV)/.test-ready
	$(BIN)/python -m pytest -n 4 -m "not slow" --hypothesis-profile quick

lint: $(VENV)/.test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

check: lint test

# Plays every fault at full length (about ten minutes) and writes down the measured times.
faults: $(VENV)/.test-ready
	PYTHONPATH=. $(BIN)/python tests/long_runs/fault_matrix.py docs/link-faults.md

# An hour of random faults; SECONDS=60 for a minute, SEED=7 to play the same ones again.
SECONDS ?= 3600
soak: $(VENV)/.test-ready
	PYTHONPATH=. $(BIN)/python tests/long_runs/soak.py --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

# A week of a mesh's life in ten minutes: memory, files and writes.
week: $(VENV)/.test-ready
	PYTHONPATH=. $(BIN)/python tests/long_runs/week.py

# Kills a writing program 200 times and looks for what it had reported as saved.
kill: $(VENV)/.test-ready
	PYTHONPATH=. $(BIN)/python tests/long_runs/kill_rounds.py 200

# A day of the shared node with six clients, 200 faults and a bad client, in five minutes.
share-day: $(VENV)/.test-ready
	PYTHONPATH=. $(BIN)/python tests/long_runs/shared_day.py docs/sharing.md

# Real clients, installed from their registries into build/clients, on the shared node (ten minutes).
clients: $(VENV)/.test-ready
	$(BIN)/python -m tests.clients.real_clients docs/sharing.md

# A bot with 100,000 stored nodes, 1,000 bots and one Prometheus (Debian's package prometheus), eight
# clients on one link: a quarter of an hour; ONLY="mesh fleet clients" measures those, and shows them.
scale: $(VENV)/.test-ready
	$(BIN)/python -m tests.long_runs.scale $(if $(ONLY),--only $(ONLY),docs/scale.md)

# Every attack there is a program for (about an hour), and what each came to;
# ONLY="bits names" plays those whose names hold one of these words.
attack: $(VENV)/.test-ready
	@$(PIP) -r requirements-attack.txt || echo "No atheris here: frames are changed at random."
	PYTHONPATH=. $(BIN)/python tests/long_runs/attack.py docs/reliability.md $(if $(ONLY),--only $(ONLY))

# Judges 200 simulated weeks of each kind (about half an hour) and writes down how often the report
# was right; KINDS="phone poller" judges only those whose names hold one of these, and shows them.
WEEKS ?= 200
confusion: $(VENV)/.test-ready
	PYTHONPATH=. $(BIN)/python tests/long_runs/confusion_matrix.py --weeks $(WEEKS) \
	  $(if $(KINDS),--show --kinds $(KINDS),docs/diagnosis.md)

# Plays thousands of trials (five minutes) and writes down how often they are wrong.
trial-errors: $(VENV)/.test-ready
	PYTHONPATH=. $(BIN)/python tests/long_runs/trial_errors.py docs/trial.md

# Measures the bot beside others (half an hour) and writes the figures down; those that bring a
# library of their own are installed from PyPI into build/contenders. RUN="sealed sync" measures
# only those figures, and shows them.
bench: $(VENV)/.test-ready
	$(BIN)/python -m benchmarks $(if $(RUN),$(RUN),--write docs/performance.md)

# Brings new texts of the code into the catalogues of other languages, where they are to be said.
CATALOGUES := meshbot/text/catalogues
texts: $(VENV)/.test-ready
	mkdir -p build
	$(BIN)/pybabel extract --no-default-keywords -k tr -k mark -k counted:2,3 -k tr_plural:1,2 \
	  --no-location --sort-output -o build/meshbot.pot \
	  meshbot main_bot.py node_manager.py tcp_interface_manager.py
	$(BIN)/pybabel update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 100 \
	  -l en -i build/meshbot.pot -o $(CATALOGUES)/en.po

$(CATALOGUES)/%.mo: $(CATALOGUES)/%.po $(VENV)/.run-ready
	@$(BIN)/python -m meshbot.text.compile_catalogue $< $@

# What is installed by pip or pipx, in dist/. What an older one left would get into this one.
wheel: $(VENV)/.run-ready
	@rm -rf build/lib build/bdist.*
	@$(PIP) build==1.6.1
	$(BIN)/python -m build --wheel --outdir dist .

# What is optional, see the README: alerts, the status page, a terminal with colours.
extras: $(VENV)/.run-ready
	@$(PIP) -r requirements-alerts.txt -r requirements-status.txt -r requirements-terminal.txt

node: $(VENV)/.run-ready
	$(BIN)/python -m meshbot.simulation --port 4403

clean:
	rm -rf $(VENV) build dist meshbot.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# Here once pip works: an environment that was left half-made is made anew. One that was used to the
# end before this mark was thought of is kept.
$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || \
	  { echo "$(PYTHON) is missing: sudo apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv module is missing: sudo apt-get install python3-venv"; exit 1; }
	@[ -e $(VENV)/.run-ready ] || { echo "Making the Python environment $(VENV), once: some seconds..."; \
	  $(PYTHON) -m venv --clear $(VENV); }
	@$(BIN)/python -m pip --version >/dev/null
	@touch $@

$(VENV)/.run-ready: requirements.txt $(VENV)/.made
	@echo "Installing the libraries into $(VENV), once: ten seconds to a minute..."
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.test-ready: requirements-dev.txt requirements-alerts.txt requirements-status.txt \
  requirements-terminal.txt requirements.txt $(VENV)/.made
	@echo "Installing the libraries and the tools into $(VENV), once: half a minute to two..."
	@$(PIP) -r requirements-dev.txt
	@touch $@ $(VENV)/.run-ready
