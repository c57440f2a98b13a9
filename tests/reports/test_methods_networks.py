"""Sentences on cleaning, networks, edges, controls, reliability and volumes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bids_ketamine.reports.methods_cleaning import MODELS, cleaning_paragraphs
from bids_ketamine.reports.methods_networks import group_network_paragraphs, network_paragraphs
from bids_ketamine.reports.methods_text import boilerplate, group_text, participant_text
from bids_ketamine.reports.references import REFERENCES
from bids_ketamine.study.load import Study, load_study
from bids_ketamine.study.resting_sections import MODEL_NAMES
from bids_ketamine.study.spec import CleaningSpec, RestSpec


@pytest.fixture(scope="module")
def siegel() -> Study:
    return load_study("siegel2021")


def _cleaning(**changes: Any) -> tuple[str, set[str]]:
    cited: set[str] = set()
    rest = RestSpec(band_pass=changes.pop("band_pass", (0.009, 0.08)))
    runs = changes.pop("runs", ())
    ready_made = changes.pop("ready_made", False)
    told = cleaning_paragraphs(
        CleaningSpec(**changes), rest, runs=runs, ready_made=ready_made, cited=cited
    )
    assert cited <= set(REFERENCES)
    return " ".join(told), cited


def test_every_model_has_words() -> None:
    assert set(MODELS) == set(MODEL_NAMES)


def test_cleaning_is_built_from_the_settings() -> None:
    text, cited = _cleaning()
    for sentence in (
        "those whose framewise displacement was above 0.25 mm (Power et al., 2012, 2014).",
        "Sessions were used that kept at least 5 min, all runs together.",
        "Nuisance model 30P: the 6 motion parameters with their derivatives, and the squares of "
        "both, and the mean signals of white matter and CSF and the global signal with their "
        "derivatives (Friston et al., 1996).",
        "They, a linear trend and all frequencies outside 0.009 to 0.08 Hz were removed in one "
        "least-squares projection",
        "by the sinusoids up to the band's highest frequency",
    ):
        assert sentence in text
    assert cited == {"power", "power2014", "friston", "lindquist"}


def test_only_what_is_used_is_cited() -> None:
    text, cited = _cleaning(
        models=("36P", "AROMA+GS", "aCompCor"), framewise_displacement=None, std_dvars=1.5,
        motion_filter="notch", censored_volumes="left_out", minimum_segment=5, minimum_minutes=0.0,
        local_neighbourhood=("amygdala", "accumbens"), unit_variance=False,
    )  # fmt: skip
    assert cited == {
        *("friston", "satterthwaite2013", "aroma", "compcor", "ciric", "power", "fair"),
        *("lindquist", "marek", "greene"),
    }
    for sentence in (
        "(Friston et al., 1996; Satterthwaite et al., 2013)",
        "Results depend on the choice (Ciric et al., 2017): means of networks were computed again "
        "with AROMA+GS, the components that ICA-AROMA calls motion",
        "those whose standardized DVARS was above 1.5, and kept stretches of fewer than 5 volumes.",
        "without 0.31 to 0.43 Hz, the band of breathing (Fair et al., 2020)",
        "the frequencies outside the band were regressors of the kept volumes",
        "From the series of amygdala and accumbens the mean series of the cortex 2 to 20 mm",
    ):
        assert sentence in text
    assert "same variance" not in text
    assert "at least" not in text


def test_low_pass_without_a_band_and_facts_of_runs() -> None:
    runs = [{"Cleaning": {"Models": ["30P"], "Minutes": minutes}} for minutes in (4.2, 5.5)]
    text, cited = _cleaning(motion_filter="low_pass", band_pass=None, runs=runs)
    assert "below 0.1 Hz, without breathing (Gratton et al., 2020)" in text
    assert "They and a linear trend were removed by least squares from the kept volumes" in text
    assert "Runs kept 4.2 to 5.5 min." in text
    assert "lindquist" not in cited


def test_series_cleaned_elsewhere() -> None:
    runs = [{"Cleaning": {"Models": ["none"], "Minutes": 5.0}}]
    text, cited = _cleaning(ready_made=True, runs=runs)
    assert "had been made before and were used as they are" in text
    assert "there were none here" in text
    assert "30P" not in text
    assert cited == {"power", "power2014"}


def test_networks_seed_maps_and_signal(siegel: Study) -> None:
    text = " ".join(network_paragraphs(siegel.spec))
    for sentence in (
        "sgACC (`left_sgACC`, `right_sgACC`)",
        "within default mode, limbic and visual and between sgACC and default mode",
        "A region that both networks of a pair hold counts in the first.",
        "of whose edges fewer than 50 % have a value is missing",
        "Seed maps of sgACC and limbic",
        "as ratios to those of cortex",
    ):
        assert sentence in text
    assert network_paragraphs(replace(siegel.spec, networks=None)) == ()


def test_group_sentences(siegel: Study) -> None:
    cited: set[str] = set()
    text = " ".join(group_network_paragraphs(siegel.spec, cited=cited))
    for sentence in (
        "Session baseline is the mean of pre1 and pre2",
        "ICC(2,1) with 95 % intervals (Shrout and Fleiss, 1979)",
        "The change (post minus baseline) of every edge",
        "p < .1 without correction",
        "edges of p < .001 to components",
        "5,000 random flips",
        "Patients in baseline and post were compared with control by Student's t test",
        "in age, sex, race, education, mean fd and minutes smallest (optimal assignment",
        "correlated (Pearson) with the change of madrs, second minus first session",
    ):
        assert sentence in text
    assert cited == {"shrout", "fdr", "zalesky", "stuart", "austin"}
    spec = siegel.spec
    assert spec.edge_statistics is not None
    assert spec.controls is not None
    cited = set()
    bare = replace(
        spec, edge_statistics=replace(spec.edge_statistics, permutations=0), reliability=None,
        controls=replace(spec.controls, matching=()),
    )  # fmt: skip
    text = " ".join(group_network_paragraphs(bare, cited=cited))
    assert cited == {"fdr"}
    assert "network-based" not in text


def test_both_levels_tell_of_networks(siegel: Study, study: Study) -> None:
    headings = [heading for heading, _ in participant_text(siegel).sections]
    assert {"Resting connectivity", "Volumes"} <= set(headings)
    assert "Networks and volumes" in [heading for heading, _ in group_text(siegel).sections]
    text = boilerplate(siegel)
    for paper in ("Zalesky A", "Shrout PE", "Tian Y", "Lindquist MA"):
        assert paper in text
    other = boilerplate(study)
    for paper in ("Zalesky A", "Shrout PE", "Lindquist MA", "Power JD et al. (2014)"):
        assert paper not in other
    assert "Controls are another group of people" in text
    assert "In a randomised trial such differences are due to chance" in other


def test_raw_tables_that_are_cleaned_here_say_so() -> None:
    runs = [{"Cleaning": {"Models": ["30P"], "Minutes": 7.2}}]
    for told in (
        _cleaning(timeseries="clean", ready_made=True, runs=runs)[0],
        # What the study asks for, before there are runs.
        _cleaning(timeseries="clean", ready_made=True)[0],
    ):
        assert told.startswith(
            "Region time series had been made before, without cleaning, and were read as tables. "
            "Runs were cleaned one by one and joined"
        )
        assert "Nuisance model 30P" in told
        assert "used as they are" not in told
    as_is = _cleaning(timeseries="as_is", ready_made=True)[0]
    assert "were used as they are" in as_is
    assert "Nuisance regression and band-pass had been done before" in as_is


def test_changes_of_visits_without_images_are_not_told_as_imaging(siegel: Study) -> None:
    first = siegel.spec.changes[0]
    visit = replace(first, name="early", second="day1")
    spec = replace(siegel.spec, changes=(*siegel.spec.changes, visit))
    text = group_text(replace(siegel, spec=spec)).markdown()
    assert "Changes (change, post minus baseline; normal_variability, pre2 minus pre1) were" in text
    assert "day1 minus baseline" not in text


def test_a_rating_of_change_is_no_score_that_falls(siegel: Study) -> None:
    text = group_text(siegel).markdown()
    assert "Outcomes: madrs (score in points, improvement is first minus second session)." in text
    assert "cgi_i rates the change itself, from 1 (very much improved)" in text


def test_signal_of_tables_is_the_standard_deviation_alone(siegel: Study) -> None:
    inputs = replace(siegel.spec.inputs, timeseries_atlas="Schaefer")
    told = " ".join(network_paragraphs(replace(siegel.spec, inputs=inputs)))
    assert "neither the mean nor what was before cleaning is known" in told
    assert "signal-to-noise" not in told
