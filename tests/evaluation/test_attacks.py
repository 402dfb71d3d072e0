"""Attacks on linear models, whose worst pictures within a budget are known exactly."""

import numpy as np
import pytest

from visus.bundles.predictions import Predictions
from visus.core.errors import ConfigError
from visus.core.progress import SilentProgress
from visus.core.report import Gallery
from visus.evaluation import parts
from visus.evaluation.robustness.adversarial import measure_attacks
from visus.evaluation.robustness.attacks import (
    NOISE,
    Attacker,
    Attacks,
    Victim,
    default_budget,
    piece_size,
)

SIDE, CLASSES, BUDGET = 6, 3, 5
NAMES = ("one", "two", "three")


class Linear:
    """softmax(pixels @ weights): scores and the gradient of the loss in closed form."""

    def __init__(self, classes=CLASSES, seed=0):
        generator = np.random.default_rng(seed)
        shape = (SIDE * SIDE, classes)
        self.weights = generator.normal(size=shape).astype(np.float32) / 100

    def logits(self, pixels):
        return pixels.reshape(len(pixels), -1).astype(np.float32) @ self.weights

    def answer(self, pixels):
        powers = np.exp(self.logits(pixels).astype(np.float64))
        return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32), None

    def gradient(self, pixels, targets):
        scores = self.answer(pixels)[0].astype(np.float64)
        scores[np.arange(len(targets)), targets] -= 1
        return (scores @ self.weights.T).reshape(pixels.shape)

    @property
    def victim(self):
        return Victim(self.answer, self.gradient)


def some_pixels(count=80, low=BUDGET, high=256 - BUDGET, seed=1):
    """Gray noise that a budget does not push past black or white."""
    generator = np.random.default_rng(seed)
    return generator.integers(low, high, (count, SIDE, SIDE, 1), dtype=np.uint8)


def fight(model, pixels, targets, name, **chosen):
    attacks = Attacks((name,), **{"budget": BUDGET, **chosen})
    return Attacker(model.victim, pixels, targets, attacks).fight(name)


def right(model, pixels, targets):
    return model.answer(pixels)[0].argmax(axis=1) == targets


def test_one_step_is_the_closed_form():
    model, pixels = Linear(), some_pixels()
    targets = model.answer(pixels)[0].argmax(axis=1).astype(np.int32)
    found = fight(model, pixels, targets, "fgsm").pixels
    scores, _ = model.answer(pixels)
    towards = (scores - np.eye(CLASSES)[targets]) @ model.weights.T
    expected = pixels + BUDGET * np.sign(towards).reshape(pixels.shape)
    np.testing.assert_array_equal(found, expected)


def test_of_two_classes_both_attacks_find_the_worst_picture_there_is():
    model, pixels = Linear(classes=2), some_pixels(300)
    targets = model.answer(pixels)[0].argmax(axis=1).astype(np.int32)
    logits = model.logits(pixels).astype(np.float64)
    margin = np.abs(logits[:, 0] - logits[:, 1])
    # Every pixel moves by the whole budget against the margin, and no more can be.
    apart = np.abs(model.weights[:, 0] - model.weights[:, 1]).sum()
    withstands = margin > BUDGET * apart
    assert 0.2 < withstands.mean() < 0.98
    for name in ("fgsm", "pgd"):
        found = fight(model, pixels, targets, name)
        np.testing.assert_array_equal(found.answers == targets, withstands)


def test_several_steps_find_no_less_and_several_starts_neither():
    model, pixels = Linear(classes=3, seed=4), some_pixels(300)
    targets = model.answer(pixels)[0].argmax(axis=1).astype(np.int32)
    left = [
        (fight(model, pixels, targets, name, **chosen).answers == targets).sum()
        for name, chosen in (
            ("fgsm", {}),
            ("pgd", {"starts": 1}),
            ("pgd", {"starts": 3}),
        )
    ]
    assert left[0] >= left[1] >= left[2]


@pytest.mark.parametrize("name", ["fgsm", "pgd", NOISE])
def test_attacked_pictures_are_pictures_within_the_budget(name):
    model, pixels = Linear(), some_pixels(low=0, high=256)
    targets = np.random.default_rng(3).integers(0, CLASSES, len(pixels), np.int32)
    found = fight(model, pixels, targets, name)
    assert found.pixels.dtype == np.uint8 and found.pixels.shape == pixels.shape
    away = np.abs(found.pixels.astype(int) - pixels.astype(int))
    assert away.max() <= BUDGET and away.any()
    # What is wrong already needs no attack; what is told is what pictures answer.
    wrong = ~right(model, pixels, targets)
    np.testing.assert_array_equal(found.pixels[wrong], pixels[wrong])
    np.testing.assert_array_equal(
        found.answers, model.answer(found.pixels)[0].argmax(axis=1)
    )


def test_the_same_seed_attacks_alike_and_another_otherwise():
    model, pixels = Linear(), some_pixels()
    targets = model.answer(pixels)[0].argmax(axis=1).astype(np.int32)
    one, same, other = (
        fight(model, pixels, targets, NOISE, seed=seed).pixels for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


@pytest.fixture
def tested(batch):
    def make(model, pixels):
        scores, _ = model.answer(pixels)
        test = batch(scores.argmax(axis=1), pixels)
        names = NAMES[: scores.shape[1]]
        return parts.Tested(Predictions(test.ids, scores, names), test, None)

    return make


class Counting(SilentProgress):
    def __init__(self):
        self.total, self.done = 0.0, 0.0

    def start(self, label, total=None):
        self.total = total

    def advance(self, amount=1, **figures):
        self.done += amount


def test_the_report_states_budget_interval_and_the_accuracy_of_the_same(tested):
    model, pixels = Linear(), some_pixels(120)
    attacks = Attacks(("fgsm", "pgd"), budget=15, steps=7, starts=2, pictures=100)
    progress = Counting()
    told = measure_attacks(tested(model, pixels), model.victim, attacks, progress)
    assert progress.done == progress.total
    one, many = told.facts
    assert (one.name, many.name) == ("fgsm_accuracy", "pgd_accuracy")
    assert many.interval.low <= many.value <= many.interval.high
    for words in (
        "within 15/255, 7 steps, 2 starts",
        "100.00% as they are",
        "(100 pic",
    ):
        assert words in many.text
    (table,) = told.tables
    assert [row[0] for row in table.rows] == ["none", NOISE, "fgsm", "pgd"]
    assert table.rows[3][1:4] == ("7", "5", "2")
    assert "upper bounds" in table.note
    (gallery,) = told.figures
    assert isinstance(gallery, Gallery) and len(gallery.tiles) == 10
    before, after = (tile.caption.split(": ")[1] for tile in gallery.tiles[:2])
    assert before != after


def test_what_is_fooled_is_warned_of_and_what_is_not_is_not(tested):
    model = Linear(classes=2)
    gap = (model.weights[:, 0] - model.weights[:, 1]).reshape(SIDE, SIDE, 1)
    base = np.full((40, SIDE, SIDE, 1), 128) + 60 * np.sign(gap)
    sure = np.clip(base, 0, 255).astype(np.uint8)
    attacks = Attacks(("pgd",), budget=BUDGET)
    calm = measure_attacks(tested(model, sure), model.victim, attacks)
    assert calm.facts[0].value == 1 and not calm.findings and not calm.figures
    wide = Attacks(("pgd",), budget=100)
    (harm,) = measure_attacks(tested(model, sure), model.victim, wide).findings
    assert "0.0% of pictures are still right when PGD" in harm.message


def test_masked_gradients_are_told(tested):
    model, pixels = Linear(classes=2), some_pixels(300)
    data = tested(model, pixels)

    def told(gradient, **chosen):
        attacks = Attacks(("pgd",), budget=BUDGET, **chosen)
        victim = Victim(model.answer, gradient)
        return " ".join(
            f.message for f in measure_attacks(data, victim, attacks).findings
        )

    assert "masked" not in told(model.gradient) and "zero" not in told(model.gradient)
    nothing = told(lambda pixels, targets: np.zeros(pixels.shape))
    assert "of 300 of 300 pictures is zero" in nothing
    against = told(lambda pixels, targets: -model.gradient(pixels, targets))
    assert "Noise by chance of 5 levels fools as many" in against
    known = {picture.tobytes() for picture in pixels}

    def only_there(pixels, targets):
        signs = [1 if picture.tobytes() in known else -1 for picture in pixels]
        return model.gradient(pixels, targets) * np.reshape(signs, (-1, 1, 1, 1))

    assert "PGD fools fewer pictures than FGSM" in told(only_there)


def test_budgets_are_those_of_the_literature_by_kind_of_picture():
    assert default_budget((28, 28, 1)) == 76 and default_budget((8, 8, 1)) == 76
    assert default_budget((32, 32, 3)) == 8 and default_budget((224, 224, 1)) == 8
    assert Attacks(budget=3).budget_for((28, 28, 1)) == 3
    assert Attacks(steps=20).step_size(8) == 1 and Attacks(steps=10).step_size(8) == 2
    assert piece_size((28, 28, 1)) == 256 and piece_size((224, 224, 3)) == 20


@pytest.mark.parametrize(
    "chosen", [{"budget": 0}, {"budget": 256}, {"steps": 0}, {"pictures": -1}]
)
def test_what_is_no_attack_is_refused(chosen):
    with pytest.raises(ConfigError, match="1 to 255"):
        Attacks(("pgd",), **chosen).require_valid()
    with pytest.raises(ConfigError, match="pgd"):
        Attacks(("pdg",)).require_valid()
