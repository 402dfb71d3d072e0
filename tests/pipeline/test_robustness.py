"""Attacks and adaptation of a network that is a backbone and a head."""

import numpy as np
import pytest

import visus
from visus.core.errors import ConfigError
from visus.evaluation.robustness.attacks import Attacks
from visus.pipeline.deeper import Deeper

TINY = {"backbone": "tiny"}


@pytest.fixture
def run(photos, tmp_path):
    return visus.train(photos, out=tmp_path / "run", **TINY)


def test_frozen_features_with_their_head_are_attacked_and_adapted(
    run, photos, tmp_path
):
    bundle, other = tmp_path / "run" / "model.visus", tmp_path / "other.visus"
    # With more light, half of the contrast, and labels.
    pixels = run.bundle.prepare(sorted((photos / "across").iterdir())[:24])
    far = (pixels // 2 + 100).astype(np.uint8)
    view = visus.evaluate(
        bundle,
        photos,
        attacks=Attacks(("fgsm", "pgd"), steps=4, starts=1),
        shifted=(list(far), ["across"] * len(far)),
        adapt=other,
        out=tmp_path / "page.html",
    )
    facts = {fact.name: fact for fact in view.facts}
    assert facts["pgd_accuracy"].value <= facts["accuracy"].value
    assert "within 8/255, 4 steps, 1 start;" in facts["pgd_accuracy"].text
    assert "adapted_gain" in facts and "adapted_cost" in facts
    adapted = visus.load_bundle(other)
    assert adapted.origin["adapted"]["pictures"] == 24
    assert (adapted.scores(far) != run.bundle.scores(far)).any()


def test_where_a_picture_has_several_labels_it_is_refused(tiny, tmp_path):
    generator = np.random.default_rng(0)
    pictures = list(generator.integers(0, 256, (40, 70, 70, 3), dtype=np.uint8))
    labels = [("a", "b") if row % 2 else ("a",) if row % 3 else () for row in range(40)]
    run = visus.train((pictures, labels), out=tmp_path / "run", **TINY)
    for asked in ({"attacks": "pgd"}, {"shifted": "x"}, {"backgrounds": True}):
        with pytest.raises(ConfigError, match="multi-label"):
            visus.evaluate(run.bundle.path, (pictures, labels), **asked)


def test_numbers_of_an_attack_are_checked_in_python_too(run, photos):
    for attacks in (Attacks(("pgd",), budget=300), "pgdd"):
        with pytest.raises(ConfigError):
            visus.evaluate(run.bundle.path, photos, attacks=attacks)
    assert Deeper().attacks.names == ()
