"""A backbone of a few thousand random numbers, for tests of what is done with one."""

from pathlib import Path
from typing import Any, final

import keras
import numpy as np
from keras import layers

from visus.data.preprocess import PreprocessSpec
from visus.models.pretrained import BACKBONES
from visus.models.pretrained.base import Backbone, Shape, fill_layer
from visus.models.pretrained.card import Card, Published

SIDE, FEATURES = 32, 24

CARD = Card(
    name="tiny",
    spec=PreprocessSpec(
        image_size=(SIDE, SIDE),
        channels=3,
        fit="crop",
        crop_share=0.875,
        interpolation="bicubic",
        scaling="none",
    ),
    feature_count=FEATURES,
    parameters=3_000,
    licence="none",
    source="drawn by chance",
    published=Published(file_name="tiny.npz"),
    least_side=16,
)


@final
class TinyBackbone(Backbone):
    """Two convolutions with a normalization between them."""

    def build(self, input_shape: Shape, *, top: bool) -> keras.Model:
        """Scaled, convolved, normalised, pooled."""
        images = keras.Input(input_shape, name="images")
        x = layers.Rescaling(1 / 64, offset=-2)(images)
        x = layers.Conv2D(8, 3, 2, activation="relu", name="first")(x)
        x = layers.BatchNormalization(name="norm")(x)
        x = layers.Conv2D(FEATURES, 3, activation="relu", name="second")(x)
        return keras.Model(images, layers.GlobalAveragePooling2D()(x), name="tiny")

    def load(self, model: keras.Model, weights: Path, *, top: bool) -> None:
        """Layer by layer."""
        with np.load(weights) as arrays:
            for layer in model.layers:
                if layer.weights:
                    names = [f"{layer.name}_{n}" for n in range(len(layer.weights))]
                    given = [arrays[name] for name in names]
                    fill_layer(layer, given, weights, self.card.name)


def register(monkeypatch: Any) -> None:
    """Let `tiny` be a backbone until the test is over."""
    if "tiny" in BACKBONES:
        return
    monkeypatch.setattr(BACKBONES, "_parts", dict(BACKBONES._parts))
    BACKBONES.add("tiny", "tiny_backbone:TinyBackbone", "for tests", card=CARD)


def write_weights(path: Path, seed: int = 0) -> Path:
    """A file of weights; another seed gives other ones."""
    draws = np.random.default_rng(seed)
    arrays = {
        "first_0": draws.normal(0, 0.3, (3, 3, 3, 8)),
        "first_1": draws.normal(0, 0.1, 8),
        "norm_0": draws.uniform(0.5, 1.5, 8),
        "norm_1": draws.normal(0, 0.1, 8),
        "norm_2": draws.uniform(0, 0.5, 8),
        "norm_3": draws.uniform(0.5, 1.5, 8),
        "second_0": draws.normal(0, 0.2, (3, 3, 8, FEATURES)),
        "second_1": draws.normal(0, 0.1, FEATURES),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{n: a.astype(np.float32) for n, a in arrays.items()})
    return path
