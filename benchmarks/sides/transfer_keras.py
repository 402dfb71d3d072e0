"""The peer: a pretrained network in Keras, as its transfer-learning guide has it.

The network is our own Keras EfficientNet-Lite0, so both sides pay for the same
arithmetic. `--way guide`: frozen inside `fit`, with augmentation layers and
`image_dataset_from_directory`. `--way by-hand`: features of all pictures once by
`predict`, then `fit` on them, which no guide's listing does but a careful person would.
`--way predict`: only the features, decoded and predicted, at several batch sizes.
With `--onednn` TensorFlow has the kernels that Visus trains with. The clock runs from
before Keras is imported to the saved and evaluated network.
"""

import argparse
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import stopwatch, tell_measurement

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

SIDE = 224
BATCH_SIZE = 64
HEAD_EPOCHS = 10
BATCH_SIZES = (16, 32, 64, 128)
VALIDATION_SHARE = 0.1


def main() -> None:
    """Measure once."""
    asked = _arguments()
    if asked.onednn:
        os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
    if asked.way == "predict":
        tell_measurement(_predict(asked))
        return
    way = _guide if asked.way == "guide" else _by_hand
    with stopwatch() as cost:
        told = way(asked)
    tell_measurement({**cost, **told, "epochs": asked.epochs})


def _guide(asked: argparse.Namespace) -> dict[str, Any]:
    import keras
    from keras import layers

    keras.utils.set_random_seed(asked.seed)
    train, validation, test = _data_sets(asked)
    base = _base()
    base.trainable = False
    inputs = keras.Input((SIDE, SIDE, 3))
    x = layers.RandomFlip("horizontal")(inputs)
    x = layers.RandomRotation(0.1)(x)
    x = base(x, training=False)
    x = layers.Dropout(0.2)(x)
    model = keras.Model(inputs, layers.Dense(1)(x))
    _compile(model)
    started = time.perf_counter()
    model.fit(train, epochs=asked.epochs, validation_data=validation, verbose=0)
    fit_seconds = time.perf_counter() - started
    _, accuracy = model.evaluate(test, verbose=0)
    model.save(asked.out)
    return {"accuracy": float(accuracy), "fit_seconds": fit_seconds}


def _by_hand(asked: argparse.Namespace) -> dict[str, Any]:
    import keras
    from keras import layers

    keras.utils.set_random_seed(asked.seed)
    base = _base()
    parts = [_features(base, part) for part in _data_sets(asked)]
    head = keras.Sequential(
        [keras.Input((base.output_shape[-1],)), layers.Dropout(0.2), layers.Dense(1)]
    )
    _compile(head)
    started = time.perf_counter()
    head.fit(
        *parts[0],
        epochs=asked.epochs,
        batch_size=BATCH_SIZE,
        validation_data=parts[1],
        verbose=0,
    )
    fit_seconds = time.perf_counter() - started
    _, accuracy = head.evaluate(*parts[2], verbose=0)
    keras.Model(base.input, head(base.output)).save(asked.out)
    return {"accuracy": float(accuracy), "fit_seconds": fit_seconds}


def _predict(asked: argparse.Namespace) -> dict[str, Any]:
    """Images a second at the best batch size, decoding included."""
    base = _base()
    speeds = {}
    for size in BATCH_SIZES:
        batches = _listed(asked.folder / "train", asked, size)
        base.predict(batches.take(2), verbose=0)
        started = time.perf_counter()
        found = base.predict(batches, verbose=0)
        speeds[str(size)] = len(found) / (time.perf_counter() - started)
    return {"images_per_second": max(speeds.values()), "by_batch_size": speeds}


def _features(base: Any, batches: Any) -> tuple[Any, Any]:
    rows = [(base.predict_on_batch(images), labels) for images, labels in batches]
    features, labels = zip(*rows, strict=True)
    return np.concatenate(features), np.concatenate(labels)


def _base() -> Any:
    # Keras first: importing our network's room first would switch on oneDNN, which
    # TensorFlow leaves off on such processors, and so does who follows the guide.
    import keras  # noqa: F401

    from visus.models.pretrained import find_backbone

    backbone = find_backbone("efficientnet-lite0")
    return backbone.features(backbone.find_weights())


def _compile(model: Any) -> None:
    import keras

    model.compile(
        optimizer=keras.optimizers.Adam(),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)],
    )


def _data_sets(asked: argparse.Namespace) -> tuple[Any, Any, Any]:
    train, validation = _listed(
        asked.folder / "train",
        asked,
        BATCH_SIZE,
        validation_split=VALIDATION_SHARE,
        subset="both",
    )
    test = _listed(asked.folder / "val", asked, BATCH_SIZE)
    return tuple(part.prefetch(2) for part in (train, validation, test))


def _listed(
    folder: Path, asked: argparse.Namespace, batch_size: int, **more: Any
) -> Any:
    import keras

    return keras.utils.image_dataset_from_directory(
        folder,
        label_mode="binary",
        image_size=(SIDE, SIDE),
        batch_size=batch_size,
        seed=asked.seed,
        verbose=False,
        **more,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--way", choices=["guide", "by-hand", "predict"], required=True)
    parser.add_argument("--epochs", type=int, default=HEAD_EPOCHS)
    parser.add_argument("--onednn", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
