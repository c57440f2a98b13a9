# `make demo` and `make test` work from a fresh clone: they set up a virtual environment first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JOBS ?= 2

.PHONY: demo test lint types layers unit fuzz reference docs container container-test apptainer-test \
	benchmark record calibration clean

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test,docs]"
	touch $(READY)

demo: $(READY)
	rm -rf demo-trial demo-output demo-work
	$(BIN)/bids_ketamine-demo demo-trial
	$(BIN)/bids_ketamine demo-trial demo-output participant --study norbury2021 --nprocs $(JOBS) -w demo-work
	$(BIN)/bids_ketamine demo-trial demo-output group --study norbury2021 --nprocs $(JOBS)
	@echo
	@echo "Participant reports: demo-output/sub-*.html"
	@echo "Group report:        demo-output/group.html"

test: lint types layers unit

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports

unit: $(READY)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

fuzz: $(READY)
	$(BIN)/python -m tests.fuzz

# Pages and files that are generated from the code; tests tell when one is stale.
reference: $(READY)
	$(BIN)/python -c "import json; from bids_ketamine.study.schema import study_schema; print(json.dumps(study_schema(), indent=2))" > docs/study.schema.json
	$(BIN)/python -c "from bids_ketamine.study.reference import study_reference; print(study_reference(), end='')" > docs/study.md
	$(BIN)/python -m bids_ketamine.cli.reference
	$(BIN)/python -m bids_ketamine.cli.descriptor

# The site of docs/, in docs/_build/html; a warning is an error.
docs: $(READY)
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "Documentation: docs/_build/html/index.html"

# With Docker, or without an engine: podman, and a base image made of Debian's packages (as root).
container: $(READY)
	VERSION=$$($(BIN)/python -m setuptools_scm) bash container/build.sh

container-test: $(READY)
	VERSION=$$($(BIN)/python -m setuptools_scm) bash container/test.sh

apptainer-test:
	bash container/apptainer_test.sh

# Every table is printed, also after one whose targets are missed.
BENCHMARKS := start_up first_level "first_level --session" noise_only coupling similarity connectivity_speed \
	dcm dcm_recovery peb peb_trials elastic_net elastic_net_trials mixed_model_calibration clinical_trials demo_trials \
	grayordinates_reading resting_session network_trials
benchmark: $(READY)
	@status=0; for each in $(BENCHMARKS); do \
	$(BIN)/python -m benchmarks.$$each || status=1; done; exit $$status

# What one benchmark (or parity-SET) prints, kept in docs/printed: make record NAME="first_level parity-glm"
record: $(READY)
	$(BIN)/python -m benchmarks.record $(NAME)

# Hours: an interrupted run goes on where it stopped (benchmark-results/elastic_net_calibration).
calibration: $(READY)
	$(BIN)/python -m benchmarks.elastic_net_calibration --jobs $(JOBS)

clean:
	rm -rf $(VENV) demo-trial demo-output demo-work build dist *.egg-info docs/_build
	bash container/test.sh clean
