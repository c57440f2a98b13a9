"""Messages that a terminal can show."""

from bids_ketamine.errors import InputDataError, StudyError, UsageError, together


def test_control_characters_of_names_are_written_out():
    error = InputDataError("Odd `\x1b[2J`.", path="sub-\x1b[2J.tsv", cure="Rename it.")
    assert str(error) == "Odd `\\x1b[2J`. [sub-\\x1b[2J.tsv] Rename it."


def test_long_quotations_are_cut_and_cures_are_not():
    long = "x" * 1000
    error = UsageError(f"unknown key `{long}`", cure=f"Write `-d {long}`.")
    assert error.message == f"unknown key `{'x' * 200}...`"
    assert f"`-d {long}`" in str(error)
    assert len(StudyError([f"line 1: `{long}`"]).problems[0]) < 250


def test_several_problems_are_told_together():
    one, two = InputDataError("A.", path="a.nii"), InputDataError("B.")
    assert together([one], "problems") is one
    both = together([one, two], "problems with the regions")
    assert str(both) == "2 problems with the regions:\n  - A. [a.nii]\n  - B."
    assert both.exit_code == 65
    assert together([one, UsageError("C.")], "problems").exit_code == 64
