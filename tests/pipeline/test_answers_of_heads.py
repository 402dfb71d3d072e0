"""Heads on frozen features know their sureness by pictures that folds held out."""

import numpy as np
import pytest

import visus
from visus.bundles.runtime import Session
from visus.evaluation.foreign import fit_foreign

SETTINGS = {"answers.rejected": 0.05, "answers.coverage": 0.9}


@pytest.fixture
def run(photos, tmp_path):
    return visus.train(photos, backbone="tiny", out=tmp_path / "run", settings=SETTINGS)


def test_training_pictures_witness_while_they_were_held_out(run):
    calibration = run.bundle.calibration
    counts = run.summary["counts"]
    assert calibration.pictures == counts["train"] + counts["validation"]
    assert "while they were held out" in calibration.learned_from
    assert calibration.sets.coverage == 0.9 and calibration.missing == {}
    # All but the test: features of a backbone never learned from any of them.
    assert len(calibration.foreign.held) == calibration.pictures
    assert set(calibration.foreign.compared) == {"mahalanobis", "nearest", "energy"}


def test_without_validation_pictures_those_of_the_folds_tell(photos, tmp_path):
    settings = {**SETTINGS, "data.validation_share": 0}
    run = visus.train(photos, backbone="tiny", out=tmp_path / "run", settings=settings)
    calibration, count = run.bundle.calibration, run.summary["counts"]["train"]
    assert "validation" not in run.summary["counts"]
    assert calibration.pictures == count and calibration.missing == {}
    assert len(calibration.foreign.held) == count
    areas = [*calibration.foreign.compared.values()]
    assert len(areas) == 3 and np.isfinite(areas).all()


def test_what_is_said_of_features_is_what_is_said_of_pixels(run, photos):
    kept = run.predictions
    paths = [photos / image_id for image_id in kept.ids]
    answered = run.bundle.predict(paths)
    np.testing.assert_allclose(answered.scores, kept.scores, atol=1e-5)
    np.testing.assert_array_equal(answered.judged.sets, kept.judged.sets)
    np.testing.assert_allclose(
        answered.judged.typicality, kept.judged.typicality, atol=0.05
    )


def test_energy_of_two_classes_is_that_of_pictures_that_were_held_out(
    photos, tmp_path, monkeypatch
):
    seen = []

    def spy(around, rejected):
        seen.append(around)
        return fit_foreign(around, rejected)

    monkeypatch.setattr("visus.evaluation.calibrate.fit_foreign", spy)
    run = visus.train(photos, backbone="tiny", out=tmp_path / "run", settings=SETTINGS)
    assert "energy" in run.bundle.calibration.foreign.compared
    (around,) = seen
    held_out = around.train.logits
    assert held_out.shape == (len(around.train), 2)
    # The problem has one column; energy needs both, one the other's opposite.
    np.testing.assert_allclose(held_out[:, 0], -held_out[:, 1], atol=1e-6)
    # The head itself, which has learned them, is surer of the same pictures.
    own = np.diff(np.log(around.train.scores.astype(np.float64)), axis=1)
    assert np.abs(np.diff(held_out, axis=1)).mean() < np.abs(own).mean()


def test_the_graph_tells_features_and_gives_raw_scores(run):
    bundle = run.bundle
    outputs = Session(bundle.contents.graph).everything(
        bundle.contents.golden["pixels"]
    )
    golden = bundle.contents.golden["scores"]
    np.testing.assert_allclose(outputs.scores, golden, atol=1e-5)
    assert outputs.features.shape == (len(golden), 24)
    assert outputs.logits.shape == golden.shape


def test_a_second_run_computes_no_stand_in_again(run, photos, tmp_path, monkeypatch):
    def refuse(pixels):
        raise AssertionError("a stand-in was made again")

    monkeypatch.setattr("visus.pipeline.features.STAND_INS", {"jigsaw": refuse})
    again = visus.train(
        photos, backbone="tiny", out=tmp_path / "again", settings=SETTINGS
    )
    assert again.bundle.calibration.foreign is not None
