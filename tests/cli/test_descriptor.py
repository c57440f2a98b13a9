"""The Boutiques descriptor is that of the parser."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bids_ketamine._version import __version__
from bids_ketamine.cli.descriptor import (
    boutiques_descriptor,
    descriptor_text,
    identifier,
    release_version,
)
from bids_ketamine.cli.flags import build_parser
from bids_ketamine.errors import InputDataError

ROOT = Path(__file__).resolve().parents[2]
#: Print something and do nothing else.
LEFT_OUT = {"help", "version", "bids_exec_spec"}


def described(part: str) -> dict[str, dict[str, Any]]:
    """Return a list of the descriptor by id."""
    listed: Any = boutiques_descriptor("0.1.0")[part]
    return {each["id"]: each for each in listed}


def test_the_file_is_fresh_and_of_the_release() -> None:
    text = (ROOT / "boutiques.json").read_text(encoding="utf-8")
    assert text == descriptor_text(release_version()), (
        "stale: run `python -m bids_ketamine.cli.descriptor`"
    )
    found = json.loads(text)
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    assert f"version: {found['tool-version']}" in citation
    assert found["container-image"] == {
        "type": "docker",
        "image": f"bids/bids_ketamine:{found['tool-version']}",
        "index": "docker://",
    }


def test_a_citation_file_without_a_version_is_told(tmp_path: Path) -> None:
    path = tmp_path / "CITATION.cff"
    path.write_text("cff-version: 1.2.0\nversion: '1.2'\n", encoding="utf-8")
    assert release_version(path) == "1.2"
    path.write_text("cff-version: 1.2.0\n", encoding="utf-8")
    with pytest.raises(InputDataError, match="states no `version:`"):
        release_version(path)


def test_the_running_version_is_printed_without_loading_anything_heavy() -> None:
    script = (
        "import sys; from bids_ketamine.cli.run import main; code = main(['--bids-exec-spec']); "
        "heavy = {'numpy', 'pandas', 'nibabel', 'nipype', 'bids', 'yaml', 'scipy'}; "
        "print(code, *(set(sys.modules) & heavy), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stderr.split() == [b"0"]
    printed = json.loads(done.stdout)
    assert printed == boutiques_descriptor(__version__)
    assert printed["tool-version"] == __version__


def test_the_tag_of_a_development_version_is_one_that_docker_takes() -> None:
    image: Any = boutiques_descriptor("0.2.0.dev7+gabc")["container-image"]
    assert image["image"] == "bids/bids_ketamine:0.2.0.dev7-gabc"


def test_every_option_has_an_input_and_a_place_in_the_command_line() -> None:
    options = [each for each in build_parser()._actions if each.dest not in LEFT_OUT]
    found = described("inputs")
    assert set(found) == {identifier(each) for each in options} | {"existing_output_dir"}
    for option in options:
        flag = found[identifier(option)].get("command-line-flag")
        assert flag in (option.option_strings or [None])
    line = str(boutiques_descriptor("0.1.0")["command-line"])
    assert line.startswith(
        "mkdir -p [OUTPUT_DIR]; bids_ketamine [BIDS_DIR] [OUTPUT_DIR] [ANALYSIS_LEVEL] "
        "[PARTICIPANT_LABEL] [SESSION_LABEL] [STUDY]"
    )
    for each in found.values():
        assert line.count(each["value-key"]) == (2 if "output" in each["id"] else 1)


def test_kinds_of_inputs() -> None:
    found = described("inputs")
    assert found["analysis_level"]["value-choices"] == ["participant", "group"]
    assert found["study"]["optional"] is False
    assert found["study"]["command-line-flag"] == "--study"
    assert found["participant_label"]["list"] is True
    assert found["participant_label"]["command-line-flag"] == "--participant-label"
    assert (found["nprocs"]["type"], found["nprocs"]["integer"]) == ("Number", True)
    assert (found["permutations"]["minimum"], "maximum" in found["permutations"]) == (1, False)
    assert (found["random_seed"]["minimum"], found["random_seed"]["maximum"]) == (0, 2**32 - 1)
    assert found["mem_mb"]["type"] == "String"
    assert found["dry_run"]["type"] == "Flag"
    assert found["verbose"]["command-line-flag"] == "--verbose"
    assert found["bids_filter_file"]["type"] == "File"
    # The app makes it: a platform must not look for it.
    assert found["work_dir"]["type"] == "String"
    assert found["bids_dir"].get("command-line-flag") is None


def test_groups_are_those_of_the_parser_and_the_two_ways_to_name_the_results() -> None:
    found = described("groups")
    assert set(found) == {"output_folder", "dry_run_or_reports_only_or_boilerplate_only"}
    assert found["output_folder"]["members"] == ["output_dir", "existing_output_dir"]
    assert found["output_folder"]["one-is-required"] is True
    alone = found["dry_run_or_reports_only_or_boilerplate_only"]
    assert alone["members"] == ["dry_run", "reports_only", "boilerplate_only"]
    assert all(each["mutually-exclusive"] for each in found.values())


def test_exit_codes_are_those_of_the_errors_and_of_the_help() -> None:
    codes: Any = boutiques_descriptor("0.1.0")["error-codes"]
    meanings = {each["code"]: each["description"] for each in codes}
    assert list(meanings) == [1, 16, 18, 64, 65, 66, 73, 74, 130]
    assert meanings[16] == "The input folder is not a BIDS dataset."
    assert meanings[64].startswith("The command line asks for something impossible. The study file")
    epilog = str(build_parser().epilog)
    assert all(f"  {code} " in epilog for code in meanings)


def test_addresses_are_those_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert boutiques_descriptor("0.1.0")["url"] in project["urls"].values()
