"""Label tables of every form in use, and what a study's words stand for."""

from pathlib import Path

import pytest

from bids_ketamine.errors import InputDataError, UsageError
from bids_ketamine.regions.aseg import ASEG_LABELS
from bids_ketamine.regions.labels import Label, LabelTable, grouped_by_name, read_label_table

ATLASES = Path(__file__).parents[3] / "shared" / "data" / "atlases"
needs_atlases = pytest.mark.skipif(not ATLASES.is_dir(), reason="shared atlases are not here")


def table(folder, text, name="x_dseg.tsv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_label_table(path)


def indices(labels):
    return [label.index for label in labels]


def test_a_bids_table_with_groups(tmp_path):
    read = table(
        tmp_path,
        "index\tname\tregion\tcolor\n0\tbackground\tn/a\t#000000\n"
        "1\tAMY_left\tAMY\t#ff0000\n2\tAMY_right\tAMY\t#ff0000\n7\tHIP\tNone\t#00ff00\n",
    )
    assert indices(read.labels) == [1, 2, 7]
    assert indices(read.chosen("AMY")) == [1, 2]
    assert indices(read.chosen("amy_LEFT")) == [1]
    assert indices(read.chosen("7")) == [7]
    # `None` is a name: of a community of Gordon's.
    assert read.labels[2].groups == ("None",)


def test_a_name_goes_before_a_group_of_the_same_word(tmp_path):
    read = table(tmp_path, "index\tname\tnetwork\n1\tVis\tx\n2\tother\tVis\n")
    assert indices(read.chosen("Vis")) == [1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# numbers\n10 Left-Thalamus 0 118 14 0\n18  Left-Amygdala 103 255 255 0\n", [10, 18]),
        ("1\t7Networks_LH_Vis_1\t120\t17\t128\t0\n", [1]),
        ("HIP-rh\nAMY-rh\npTHA-rh\n\n", [1, 2, 3]),
    ],
)
def test_lists_without_a_header(text, expected, tmp_path):
    assert indices(table(tmp_path, text, "labels.txt").labels) == expected


def test_an_unknown_label_gets_near_names(tmp_path):
    read = table(tmp_path, "index\tname\n1\tamygdala_left\n2\tvmPFC_left\n")
    with pytest.raises(UsageError, match=r"`amygdala_leftt` is no label of x_dseg\.tsv") as told:
        read.chosen("amygdala_leftt")
    assert "Did you mean `amygdala_left`" in str(told.value.cure)
    with pytest.raises(UsageError) as told:
        read.chosen("zzz")
    assert told.value.cure == "Its labels: amygdala_left, vmPFC_left."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("number\tstructure\n1\tx\n", "a column `index` and a column `name`"),
        ("index\tname\n1.5\tx\n", "Line 2, column `index`: `1.5` is no label number"),
        ("index\tname\nn/a\tx\n", "is no label number"),
        ("index\tname\n1\tx\n1\ty\n", "Label 1 has two names, `x` and `y`"),
        ("index\tname\n0\tbackground\n", "no labels"),
    ],
)
def test_tables_that_are_refused(text, message, tmp_path):
    with pytest.raises(InputDataError, match=message):
        table(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        "these are the labels\nof my atlas\n",
        "index,name\n1,AMY\n2,HIP\n",  # separated by commas: every name would shift by one
        "AMY\n\nHIP\n",  # is HIP 2 or 3?
        "1 AMY\n2 Left Hippocampus\n",
        "9" * 5000 + " AMY\n",
    ],
)
def test_lists_whose_numbers_could_be_others_are_refused(text, tmp_path):
    with pytest.raises(InputDataError, match="neither a table with a header"):
        table(tmp_path, text, "labels.txt")


def test_a_list_in_utf_16_is_read(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_bytes("1 AMY\n2 HIP\n".encode("utf-16"))
    assert indices(read_label_table(path).chosen("HIP")) == [2]


def test_networks_and_sides_of_schaefers_names():
    names = ("7Networks_LH_Default_Temp_1", "17Networks_RH_VisCent_ExStr_1", "other")
    read = LabelTable("x", tuple(Label(n, name) for n, name in enumerate(names, start=1)))
    grouped = grouped_by_name(read)
    assert [label.groups for label in grouped.labels] == [
        ("Default", "left"), ("VisCent", "right"), (),
    ]  # fmt: skip


def test_the_segmentation_by_structure_and_side():
    assert indices(ASEG_LABELS.chosen("Amygdala")) == [18, 54]
    assert indices(ASEG_LABELS.chosen("Right-Hippocampus")) == [53]


@needs_atlases
@pytest.mark.parametrize(
    ("file", "n", "first"),
    [
        ("gordon333/atlas-Gordon_dseg.tsv", 333, "L_Default_1"),
        ("tian2020/Tian_Subcortex_S2_3T_label.txt", 32, "aHIP-rh"),
        ("schaefer2018/Schaefer2018_400Parcels_7Networks_order.txt", 400, "7Networks_LH_Vis_1"),
        ("../fmriprep-21.0.2-sidecars-ds000108/desc-aseg_dseg.tsv", None, None),
    ],
)
def test_real_tables(file, n, first):
    read = read_label_table(ATLASES / file)
    if n is None:
        names = {label.index: label.name for label in read.labels}
        ours = {label.index: label.name for label in ASEG_LABELS.labels}
        assert {index: names[index] for index in ours} == ours
        return
    assert len(read.labels) == n
    assert read.labels[0].name == first


@needs_atlases
def test_the_community_none_of_gordon_is_a_group():
    read = read_label_table(ATLASES / "gordon333" / "atlas-Gordon_dseg.tsv")
    assert len(read.chosen("Default")) == 41
    assert len(read.chosen("None")) == 47
    assert all(len(label.groups) == 1 for label in read.labels)
