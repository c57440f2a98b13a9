import subprocess
import sys

import pytest

from bids_ketamine.demo import command


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from bids_ketamine.demo.command import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as stop:\n    assert stop.code == 0\n"
        "heavy = {'numpy', 'scipy', 'nibabel', 'nilearn', 'pandas', 'sklearn'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    for flag in ("--participants", "--seed", "--no-effect", "--resolution", "--design", "--form"):
        assert flag in result.stdout


def test_options_reach_the_writer(tmp_path, monkeypatch, capsys):
    seen = {}

    def pretend(out, **options):
        options.pop("progress")("sub-01 ses-pre", 1, 2)
        seen.update(options, out=out)

    monkeypatch.setattr("bids_ketamine.demo.dataset.write_demo_trial", pretend)
    arguments = ["--participants", "3", "--seed", "7", "--no-effect", "--resolution", "8"]
    assert command.main([str(tmp_path), *arguments]) == 0
    assert seen == {
        "out": tmp_path,
        "n_participants": 3,
        "seed": 7,
        "effect": False,
        "resolution": 8.0,
    }
    printed = capsys.readouterr()
    assert "1/2 sub-01 ses-pre" in printed.err
    assert str(tmp_path) in printed.out


def test_defaults():
    options = command.build_parser().parse_args(["out"])
    assert (options.design, options.form) == ("norbury2021", "volume")
    assert (options.seed, options.effect, options.resolution) == (0, True, 6.0)


def test_number_of_participants_by_default(tmp_path, monkeypatch):
    seen = {}
    for module, name in (
        ("dataset", "write_demo_trial"),
        ("network_dataset", "write_network_trial"),
    ):
        monkeypatch.setattr(
            f"bids_ketamine.demo.{module}.{name}",
            lambda out, name=name, **options: seen.update({name: options["n_participants"]}),
        )
    assert command.main([str(tmp_path)]) == 0
    assert command.main([str(tmp_path), "--design", "siegel2021"]) == 0
    # None: as many as the form allows.
    assert seen == {"write_demo_trial": 12, "write_network_trial": None}


def test_options_of_the_other_design_reach_its_writer(tmp_path, monkeypatch):
    seen = {}

    def pretend(out, **options):
        options.pop("progress")
        seen.update(options)

    monkeypatch.setattr("bids_ketamine.demo.network_dataset.write_network_trial", pretend)
    arguments = ["--participants", "4", "--seed", "2", "--resolution", "5", "--form", "both"]
    assert command.main([str(tmp_path), "--design", "siegel2021", "--no-effect", *arguments]) == 0
    assert seen == {
        "n_participants": 4,
        "seed": 2,
        "effect": False,
        "resolution": 5.0,
        "form": "both",
    }


def test_form_without_its_design_is_refused(tmp_path, capsys):
    assert command.main([str(tmp_path / "x"), "--form", "cifti"]) == 64
    assert "--design siegel2021" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_non_empty_folder_is_one_sentence_and_code_73(tmp_path, capsys):
    (tmp_path / "something").write_text("")
    assert command.main([str(tmp_path), "--participants", "1"]) == 73
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "not empty" in message
    assert str(tmp_path) in message


def test_file_in_the_way_is_code_73(tmp_path, capsys):
    (tmp_path / "out").write_text("")
    assert command.main([str(tmp_path / "out"), "--participants", "1"]) == 73
    assert "not a folder" in capsys.readouterr().err


def test_usage_mistakes_are_code_64(tmp_path, capsys):
    assert command.main([str(tmp_path / "x"), "--participants", "0"]) == 64
    with pytest.raises(SystemExit) as stop:
        command.main(["out", "--partcipants", "3"])
    assert stop.value.code == 64
