from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree
from threadpoolctl import threadpool_limits

from bids_ketamine.demo.brain import load_brain
from bids_ketamine.demo.circuit import CIRCUIT_REGIONS, circuit_activation, circuit_signals
from bids_ketamine.demo.confounds import confounds_table
from bids_ketamine.demo.motion import framewise_displacement
from bids_ketamine.demo.noise import autoregressive_noise, cosine_basis, smooth_in_space
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.participants import plan_participant
from bids_ketamine.demo.regions import MARGIN, REGIONS, circuit_pieces, region_weights
from bids_ketamine.demo.session import SessionWriter, region_signals
from bids_ketamine.demo.streams import generator
from bids_ketamine.demo.tasks import T_R, TASKS, task_response, trials_of_run

MODEL = ForwardModel()


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the writer of whole trials does; threads only get in each other's way here."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield


@pytest.fixture(scope="module")
def writer():
    return SessionWriter(Path("unused"), seed=0, resolution=6, model=MODEL)


@pytest.fixture(scope="module")
def rest(writer):
    participant = plan_participant(0, seed=0, effect=True, model=MODEL)
    return writer.simulate(participant, "pre", TASKS["rest"], [])


def region_mask(brain, name):
    """Voxels that lie within the region's reach, and in no other's."""
    nearest = {
        region: cKDTree(np.concatenate(pieces)).query(brain.coordinates)[0]
        for region, pieces in circuit_pieces().items()
    }
    others = np.min([each for region, each in nearest.items() if region != name], axis=0)
    return (nearest[name] <= MARGIN) & (nearest[name] < others) & brain.mask


def test_brain_is_where_it_should_be(writer):
    brain = writer.brain
    volume = brain.mask.sum() * brain.voxel_size**3 / 1000.0
    assert volume == pytest.approx(1880, rel=0.05)  # the MNI152 template, cm^3
    centre = brain.coordinates[brain.mask].mean(axis=0)
    assert np.abs(centre - [0.0, -20.0, 8.0]).max() < 6.0
    tissues = brain.grey_matter + brain.white_matter + brain.csf
    np.testing.assert_allclose(tissues[brain.mask], 1.0)
    # Voxel vectors and grid agree with the affine.
    grid = brain.volume(np.arange(1.0, brain.n_voxels + 1))
    z, y, x = np.argwhere(grid == 1000.0)[0]
    np.testing.assert_allclose(
        brain.affine[:3, :3] @ [x, y, z] + brain.affine[:3, 3], brain.coordinates[999]
    )


def test_regions_do_not_share_voxels(writer):
    weights = region_weights(
        coordinates=writer.brain.coordinates, regions=circuit_pieces(), margin=MARGIN, taper=6.0
    )
    assert np.all((weights > 0).sum(axis=0) <= 1)
    assert np.all((weights == 1.0).sum(axis=1) >= 6)


def test_coarse_grid_still_holds_every_region():
    brain = load_brain(12)
    weights = region_weights(
        coordinates=brain.coordinates, regions=circuit_pieces(), margin=MARGIN, taper=6.0
    )
    assert np.all(weights.max(axis=1) == 1.0)


def test_temporal_snr_of_grey_matter_is_as_planted(writer, rest):
    grey = writer.brain.grey_matter > 0.5
    series = rest.intensity[rest.n_saturated :, grey].astype(float)
    snr = np.median(series.mean(axis=0) / series.std(axis=0))
    assert snr == pytest.approx(60.0, abs=5.0)


def test_voxel_noise_is_autoregressive_and_keeps_its_variance(writer):
    noise = autoregressive_noise(
        n_volumes=200,
        n_voxels=writer.brain.n_voxels,
        coefficient=0.25,
        generator=np.random.default_rng(0),
    )
    assert np.mean(noise[1:] * noise[:-1]) == pytest.approx(0.25, abs=0.01)
    smooth = smooth_in_space(noise, brain=writer.brain, fwhm=8.0)
    assert smooth.var() == pytest.approx(1.0, abs=0.02)
    edge = ~writer.brain.mask
    assert smooth[:, edge].var() == pytest.approx(1.0, abs=0.03)


def test_effect_is_the_only_difference_between_the_two_kinds_of_trial(writer):
    """The same noise with and without effect: least squares finds the amplitude exactly."""
    task = TASKS["faces"]
    runs = {}
    for effect in (True, False):
        participant = plan_participant(1, seed=0, effect=effect, model=MODEL)
        trials = task.make_trials(generator(0, participant.label, "ses-pre", "faces", "trials"))
        runs[effect] = writer.simulate(participant, "pre", task, trials).intensity
        if effect:
            amplitude = participant.activation["faces"]["anterior_insula"]
    mask = region_mask(writer.brain, "anterior_insula")
    baseline = writer.brain.mixture(
        {"grey_matter": 1000, "white_matter": 850, "csf": 1300, "rim": 0}
    )
    difference = ((runs[True] - runs[False])[:, mask] / baseline[mask]).mean(axis=1) * 100.0
    design = np.column_stack(
        [
            task_response(
                onsets=[t.onset for t in trials if (t.trial_type == "shapes") == shapes],
                durations=[t.duration for t in trials if (t.trial_type == "shapes") == shapes],
                frame_times=task.frame_times,
                unit="plateau",
            )
            for shapes in (False, True)
        ]
    )
    faces, shapes = np.linalg.lstsq(design, difference, rcond=None)[0]
    assert faces - shapes == pytest.approx(amplitude, abs=0.002)
    quiet = region_mask(writer.brain, "rACC")
    assert np.abs((runs[True] - runs[False])[:, quiet]).max() < 1e-2


def test_circuit_reaches_its_regions(writer):
    """With the same noise and fluctuations, what trials add is the signal of the circuit."""
    task = TASKS["faces"]
    participant = plan_participant(1, seed=0, effect=True, model=MODEL)
    trials = trials_of_run(task, participant.label, "post", seed=0)
    with_trials, without = (
        writer.simulate(participant, "post", task, shown).intensity for shown in (trials, [])
    )
    signals = circuit_signals(participant.circuit["post"], trials=trials, n_volumes=task.n_volumes)
    baseline = writer.brain.mixture(
        {"grey_matter": 1000, "white_matter": 850, "csf": 1300, "rim": 0}
    )
    for place, region in enumerate(CIRCUIT_REGIONS):
        mask = region_mask(writer.brain, region)
        added = ((with_trials - without)[:, mask] / baseline[mask]).mean(axis=1) * 100.0
        np.testing.assert_allclose(added, signals[:, place], atol=0.002)


@pytest.mark.parametrize("region", ["anterior_insula", "vmPFC"])
def test_least_squares_on_region_means_recovers_activation(writer, region):
    task = TASKS["faces"]
    mask = region_mask(writer.brain, region)
    errors = []
    for index in range(6):
        participant = plan_participant(index, seed=11, effect=True, model=MODEL)
        trials = task.make_trials(generator(11, participant.label, "ses-pre", "faces", "trials"))
        run = writer.simulate(participant, "pre", task, trials)
        series = run.intensity[:, mask].mean(axis=1, dtype=float)
        brain = writer.brain
        nuisance = [
            run.intensity[:, brain.noise_mask(tissue)].mean(axis=1)
            for tissue in (brain.csf, brain.white_matter)
        ]
        cosines = cosine_basis(n_volumes=task.n_volumes, t_r=T_R, shortest_period=128.0)
        first_volume = np.arange(task.n_volumes) < 1
        design = np.column_stack(
            [
                *(
                    task_response(
                        onsets=[t.onset for t in trials if (t.trial_type == "shapes") == shapes],
                        durations=[5.0] * (30 if shapes else 24),
                        frame_times=task.frame_times,
                        unit="plateau",
                    )
                    for shapes in (False, True)
                ),
                *nuisance,
                cosines,
                first_volume,
                np.ones(task.n_volumes),
            ]
        )
        estimate = np.linalg.lstsq(design, series / series.mean() * 100.0, rcond=None)[0]
        truth = participant.activation["faces"] | circuit_activation(
            participant.circuit["pre"], trials=trials, task=task
        )
        errors.append(estimate[0] - estimate[1] - truth[region])
    # One run is good to about 0.13 %.
    assert np.mean(errors) == pytest.approx(0.0, abs=0.15)
    assert np.std(errors) < 0.25


def test_fluctuations_follow_the_session():
    model = MODEL
    ketamine = next(
        person
        for person in (plan_participant(i, seed=0, effect=True, model=model) for i in range(2))
        if person.arm == "ketamine"
    )
    signals = region_signals(
        participant=ketamine,
        session="post",
        task=TASKS["rest"],
        trials=[],
        model=model,
        source=np.random.default_rng(0),
    )
    assert signals.shape == (360, len(REGIONS) + 1)
    assert np.all(signals[:, -1] == 0.0)  # visual cortex has no task and no fluctuation
    assert signals[:, :-1].std() == pytest.approx(0.6, abs=0.1)


def test_cosines_are_orthonormal():
    basis = cosine_basis(n_volumes=360, t_r=2.0, shortest_period=128.0)
    np.testing.assert_allclose(basis.T @ basis, np.eye(11), atol=1e-12)


def test_confounds_follow_from_images_and_motion(writer, rest):
    brain = writer.brain
    columns, metadata = confounds_table(
        intensity=rest.intensity,
        motion=rest.motion,
        displacement=rest.displacement,
        n_saturated=1,
        t_r=T_R,
        brain=brain,
    )
    np.testing.assert_allclose(
        columns["global_signal"], rest.intensity[:, brain.mask].mean(axis=1), rtol=1e-5
    )
    np.testing.assert_allclose(
        columns["framewise_displacement"], framewise_displacement(rest.motion)
    )
    np.testing.assert_allclose(columns["trans_y_derivative1"][1:], np.diff(rest.motion[:, 1]))
    np.testing.assert_allclose(columns["rot_z_power2"], rest.motion[:, 5] ** 2)
    for name in ("dvars", "std_dvars", "framewise_displacement", "csf_derivative1"):
        assert np.isnan(columns[name][0])
        assert np.isfinite(columns[name][1:]).all()
    assert np.nanmedian(columns["std_dvars"]) == pytest.approx(1.05, abs=0.1)

    outliers = (rest.displacement > 0.5) | (columns["std_dvars"] > 1.5)
    spikes = np.sum([v for k, v in columns.items() if k.startswith("motion_outlier")], axis=0)
    np.testing.assert_array_equal(spikes, outliers)
    np.testing.assert_array_equal(columns["non_steady_state_outlier00"], np.eye(360)[0])

    for prefix, mask, n in (("c", "CSF", 5), ("w", "WM", 5), ("a", "combined", 6)):
        names = [f"{prefix}_comp_cor_{i:02d}" for i in range(n)]
        components = np.column_stack([columns[name] for name in names])
        np.testing.assert_allclose(components.T @ components, np.eye(n), atol=1e-8)
        cosines = np.column_stack([columns[f"cosine{i:02d}"] for i in range(11)])
        assert np.abs(cosines.T @ components).max() < 1e-6
        assert {metadata[name]["Mask"] for name in names} == {mask}
        explained = [metadata[name]["VarianceExplained"] for name in names]
        assert explained == sorted(explained, reverse=True)
        assert metadata[names[-1]]["CumulativeVarianceExplained"] == pytest.approx(sum(explained))
