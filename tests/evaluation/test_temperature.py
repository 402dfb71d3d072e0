"""Temperatures: the least loss on held-out pictures, as SciPy finds it too."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit, softmax

from visus.bundles.calibration import Calibration, tempered
from visus.evaluation.calibrate import calibrate
from visus.evaluation.held import Held
from visus.evaluation.temperature import fit_temperatures
from visus.tasks.multi_label import MultiLabel
from visus.tasks.numeric import Numeric
from visus.tasks.single_label import SingleLabel


def too_sure(times: float, count: int = 4_000, classes: int = 4, seed: int = 0):
    """Logits, and targets drawn from the probabilities of a part of them."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 3, (count, classes))
    honest = softmax(logits / times, axis=1)
    targets = (honest.cumsum(axis=1) > generator.random((count, 1))).argmax(axis=1)
    return logits, targets.astype(np.int32)


@pytest.mark.parametrize("times", [0.5, 1.0, 2.5])
def test_the_temperature_is_the_one_that_scipy_finds(times):
    logits, targets = too_sure(times)
    scores = softmax(logits, axis=1).astype(np.float32)

    def loss(temperature: float) -> float:
        shares = softmax(logits / temperature, axis=1)
        return -np.log(shares[np.arange(len(targets)), targets]).mean()

    expected = minimize_scalar(loss, bounds=(0.05, 20), method="bounded").x
    (found,) = fit_temperatures(scores, targets)
    assert found == pytest.approx(expected, rel=5e-3)
    assert found == pytest.approx(times, rel=0.06)


def test_tempered_scores_are_those_of_divided_logits():
    logits, _ = too_sure(1.0, 50)
    scores = softmax(logits, axis=1).astype(np.float32)
    expected = softmax(logits / 1.7, axis=1)
    found = tempered(scores, (1.7,), "softmax")
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)
    assert found.dtype == np.float32
    labels = expit(logits).astype(np.float32)
    divisors = (0.5, 1.0, 2.0, 3.0)
    np.testing.assert_allclose(
        tempered(labels, divisors, "sigmoid"),
        expit(logits / np.array(divisors)),
        rtol=1e-3,
        atol=1e-6,
    )


def test_scores_of_zero_and_one_stay_numbers():
    scores = np.array([[1.0, 0.0], [0.5, 0.5]], dtype=np.float32)
    for activation in ("softmax", "sigmoid"):
        found = tempered(scores, (3.0,), activation)
        assert np.isfinite(found).all() and (found >= 0).all()
    assert tempered(scores[:0], (3.0,), "softmax").shape == (0, 2)


def test_a_temperature_changes_no_answer_and_can_be_taken_back():
    logits, _ = too_sure(1.0, 200)
    scores = softmax(logits, axis=1).astype(np.float32)
    calibration = Calibration((1.8,), "softmax", 200, "validation pictures")
    warm = calibration.scores(scores)
    np.testing.assert_array_equal(warm.argmax(axis=1), scores.argmax(axis=1))
    np.testing.assert_allclose(calibration.raw_scores(warm), scores, atol=1e-5)


def test_each_label_has_its_own_temperature_and_a_rare_one_the_common():
    generator = np.random.default_rng(1)
    logits = generator.normal(0, 3, (5_000, 3))
    times = np.array([0.5, 2.0, 1.0])
    truth = generator.random(logits.shape) < expit(logits / times)
    truth[:, 2] = False
    truth[:4, 2] = True
    scores = expit(logits).astype(np.float32)
    targets = truth.astype(np.float32)
    found = fit_temperatures(scores, targets, activation="sigmoid")
    assert found[:2] == pytest.approx([0.5, 2.0], rel=0.1)
    assert found[2] not in found[:2]


def test_perfect_answers_leave_the_scores_as_good_as_they_are():
    scores = np.full((60, 2), 0.1, dtype=np.float32)
    targets = np.arange(60, dtype=np.int32) % 2
    scores[np.arange(60), targets] = 0.9
    (found,) = fit_temperatures(scores, targets)
    assert 0.2 < found < 1


def test_weights_count():
    logits, targets = too_sure(1.0, 600)
    others, more = too_sure(3.0, 600, seed=1)
    scores = softmax(np.concatenate([logits, others]), axis=1).astype(np.float32)
    weights = np.repeat([1.0, 0.0], 600).astype(np.float32)
    found = fit_temperatures(scores, np.concatenate([targets, more]), weights)
    assert found == pytest.approx(fit_temperatures(scores[:600], targets), rel=1e-2)


def held(count: int) -> Held:
    logits, targets = too_sure(2.0, count)
    scores = softmax(logits, axis=1).astype(np.float32)
    return Held(scores, targets, np.ones(count, np.float32))


def test_what_lacks_is_said():
    task = SingleLabel(("a", "b", "c", "d"))
    assert "no pictures were held" in calibrate(None, task)
    assert "only 19 pictures" in calibrate(held(19), task)
    number = Numeric(("value",))
    assert "without a probability" in calibrate(held(40), number)
    unlabelled = Held(
        held(40).scores, np.full(40, -1, np.int32), np.ones(40, np.float32)
    )
    assert "only 0 pictures" in calibrate(unlabelled, task)


def test_a_calibration_reads_back_the_same_and_garbage_is_refused():
    found = calibrate(held(400), SingleLabel(("a", "b", "c", "d")))
    assert isinstance(found, Calibration)
    assert Calibration.of(found.to_json(), found.to_arrays()) == found
    for temperatures in ([], [0.0], [float("nan")], [-1.0]):
        with pytest.raises(ValueError):
            Calibration.of({**found.to_json(), "temperatures": temperatures}, {})
    with pytest.raises(ValueError):
        Calibration((1.0, 2.0), "softmax", 1, "").require_fitting(4)


def test_labels_decide_by_calibrated_scores():
    generator = np.random.default_rng(2)
    logits = generator.normal(0, 4, (500, 2))
    truth = generator.random(logits.shape) < expit(logits / 2)
    scores = expit(logits).astype(np.float32)
    targets = truth.astype(np.float32)
    calibration = calibrate(
        Held(scores, targets, np.ones(500, np.float32)), MultiLabel(("a", "b"))
    )
    warm = calibration.scores(scores)
    weights = np.ones(500, np.float32)
    task = MultiLabel(("a", "b"), (0.5, 0.5))
    raw = task.decided_by(lambda: (scores, targets, weights))
    decided = task.decided_by(lambda: (warm, targets, weights))
    np.testing.assert_array_equal(raw.chosen(scores), decided.chosen(warm))
