"""Pictures from elsewhere on the command line: how far, and a bundle that fits them."""

import hashlib

import keras
import numpy as np
import pytest
from keras import layers

from explained_networks import plain, randomised, write_bundle
from visus.bundles import load_bundle
from visus.data.encode import encode_png
from visus.models.opened import OpenedNetwork

NAMES = ("one", "two", "three")
SHAPE = (12, 12, 1)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A bundle, pictures that it answers rightly, and the same with less contrast."""
    folder = tmp_path_factory.mktemp("shifted")
    images = keras.Input(SHAPE)
    x = layers.Conv2D(6, 3, use_bias=False)(images)
    x = layers.ReLU()(layers.BatchNormalization(epsilon=1e-6)(x))
    x = layers.Flatten()(layers.AveragePooling2D(5)(x))
    scores = layers.Dense(3, activation="softmax")(x)
    model = randomised(keras.Model(images, scores, name="small"))
    pixels = np.random.default_rng(2).integers(0, 200, (480, *SHAPE), dtype=np.uint8)
    opened = OpenedNetwork(model, "unit")
    taken = np.asarray(model.layers[1](opened.images(pixels)))
    model.layers[2].moving_mean.assign(taken.mean(axis=(0, 1, 2)))
    model.layers[2].moving_variance.assign(taken.var(axis=(0, 1, 2)))
    logits = opened.logits(opened.images(pixels))
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel, bias - logits.mean(axis=0)])
    logits = np.sort(opened.logits(opened.images(pixels)), axis=1)
    # What was told by a hair is lost by rounding alone.
    pixels = pixels[np.argsort(logits[:, -2] - logits[:, -1])[:240]]
    answers = opened.logits(opened.images(pixels)).argmax(axis=1)
    write_bundle(folder / "model.visus", model, NAMES)
    far = (pixels // 2 + 100).astype(np.uint8)
    for number, (near, other, answer) in enumerate(
        zip(pixels, far, answers, strict=True)
    ):
        for name, picture in (
            (f"home/{NAMES[answer]}", near),
            (f"away/{NAMES[answer]}", other),
            ("loose", other),
        ):
            path = folder / name / f"{number:03}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_png(picture))
    return folder


def test_adapting_mends_what_less_contrast_broke(cli, place):
    bundle = place / "model.visus"
    before = hashlib.sha256(bundle.read_bytes()).digest()
    words = ["evaluate", bundle, place / "home", "--out", "page.html"]
    told = cli.json(*words, "--shifted", place / "away", "--adapt", "other.visus")
    assert told["accuracy"] == 1 and told["domain_auroc"] > 0.9
    home, away = told["tables"]["Adapted without labels"]
    assert float(away["before"][:-1]) < 70 and float(away["after"][:-1]) > 85
    assert told["adapted_gain"] > 0.2 and told["adapted_cost"] < 0
    assert away["pictures"] == "from elsewhere" and home["before"] == "100.00%"
    # A bundle that was written is never changed; the other says what it is.
    assert hashlib.sha256(bundle.read_bytes()).digest() == before
    other = load_bundle("other.visus")
    assert other.origin["adapted"]["pictures"] == 240
    assert other.origin["adapted"]["data"] == "away"
    assert other.calibration is None and "adapted to pictures" in other.uncalibrated
    again = cli.json("evaluate", "other.visus", place / "away", "--out", "again.html")
    assert again["accuracy"] == pytest.approx(float(away["after"][:-1]) / 100)


def test_pictures_without_labels_are_enough(cli, place):
    words = ["evaluate", place / "model.visus", place / "home", "--out", "page.html"]
    told = cli.json(*words, "--shifted", place / "loose", "--adapt", "other.visus")
    assert "adapted_gain" not in told and "adapted_cost" in told
    figures = [row["figure"] for row in told["tables"]["Pictures from elsewhere"]]
    assert "accuracy" not in figures and "mean confidence" in figures
    text = cli(*words, "--shifted", place / "loose", "--force").stdout
    assert "have no labels that the model knows" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80


def test_features_are_aligned_where_nothing_is_normalized(cli, place, tmp_path):
    other = write_bundle(tmp_path / "plain.visus", randomised(plain()), NAMES)
    words = ["evaluate", other, place / "home", "--shifted", place / "away"]
    adapt = ["--adapt", "adapted.visus", "--adapt-by", "alignment"]
    told = cli.json(*words, *adapt, "--out", "page.html")
    assert {"adapted_gain", "adapted_cost"} <= told.keys()
    adapted, before = load_bundle("adapted.visus"), load_bundle(other)
    assert adapted.origin["adapted"]["method"] == "features aligned"
    pixels = np.random.default_rng(1).integers(0, 256, (4, 12, 10, 1), dtype=np.uint8)
    assert np.abs(adapted.scores(pixels) - before.scores(pixels)).max() > 1e-3
    told = cli.json(*words, *adapt[:3], "alignmant", code=2)
    assert "alignment" in told["remedy"]


def test_what_cannot_be_is_refused(cli, place, tmp_path):
    bundle, home = place / "model.visus", place / "home"
    words = ["evaluate", bundle, home]
    told = cli.json(*words, "--adapt", "other.visus", code=2)
    assert "--shifted SOURCE" in told["remedy"]
    told = cli.json(*words, "--shifted", home, code=3)
    assert "among those that the model learned from" in told["received"]
    (tmp_path / "taken.visus").write_text("mine")
    shifted = [*words, "--shifted", place / "loose"]
    told = cli.json(*shifted, "--adapt", "taken.visus", code=2)
    assert told["received"] == "taken.visus exists."
    few = tmp_path / "few"
    few.mkdir()
    for path in sorted((place / "loose").iterdir())[:3]:
        (few / path.name).write_bytes(path.read_bytes())
    told = cli.json(*words, "--shifted", few, "--adapt", "a.visus", code=3)
    assert told["received"] == "3 pictures to adapt to."
    other = write_bundle(tmp_path / "plain.visus", randomised(plain()), NAMES)
    words = ["evaluate", other, home, "--shifted", place / "loose"]
    told = cli.json(*words, "--adapt", "a.visus", code=4)
    assert "no batch normalization" in told["received"]
    assert "--adapt-by alignment" in told["remedy"]
    assert not (tmp_path / "a.visus").exists()
