"""The peer: the course's first listing, Keras `fit` on TensorFlow, as it is printed.

`--measure training`: the network is built and compiled, three full batches and a short
one have been fitted so that everything is traced and warm, and weights and optimizer
are back at their start. `--measure call`: from building to the fitted network.
"""

import argparse
import os
from pathlib import Path

import numpy as np

from benchmarks.measure import stopwatch, tell_measurement

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

BATCH_SIZE = 64
WARM_UP = 3 * BATCH_SIZE + BATCH_SIZE // 2


def main() -> None:
    """Measure once."""
    asked = _arguments()
    import keras

    train, test = _pictures(asked.data, asked.pictures)
    keras.utils.set_random_seed(asked.seed)
    if asked.measure == "training":
        model = compiled_model(train[0].shape[1:])
        warm_up(model, train)
        with stopwatch() as cost:
            _fit(model, train, asked.epochs)
    else:
        with stopwatch() as cost:
            model = compiled_model(train[0].shape[1:])
            _fit(model, train, asked.epochs)
    _, accuracy = model.evaluate(*test, verbose=0)
    tell_measurement({**cost, "accuracy": accuracy, "epochs": asked.epochs})


def compiled_model(input_shape):
    """The listing's network, compiled the listing's way."""
    import keras
    from keras import layers

    inputs = keras.Input(shape=input_shape)
    x = layers.Conv2D(filters=32, kernel_size=3, activation="relu")(inputs)
    x = layers.MaxPooling2D(pool_size=2)(x)
    x = layers.Conv2D(filters=64, kernel_size=3, activation="relu")(x)
    x = layers.MaxPooling2D(pool_size=2)(x)
    x = layers.Conv2D(filters=128, kernel_size=3, activation="relu")(x)
    x = layers.Flatten()(x)
    outputs = layers.Dense(10, activation="softmax")(x)
    model = keras.Model(inputs=inputs, outputs=outputs)
    model.compile(
        optimizer="rmsprop",
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def warm_up(model, train) -> None:
    """Trace and run the training step, then put back everything it changed."""
    model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    before = [variable.numpy() for variable in variables]
    _fit(model, [part[:WARM_UP] for part in train], 1)
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)


def _fit(model, train, epochs: int) -> None:
    # Quiet: drawing a progress bar would only cost the peer time.
    model.fit(*train, epochs=epochs, batch_size=BATCH_SIZE, verbose=0)


def _pictures(path: Path, most: int):
    with np.load(path) as arrays:
        pixels, labels = arrays["pixels"], arrays["labels"]
        training = int(arrays["training"])
    images = pixels.astype("float32") / 255
    used = min(most, training) if most else training
    train = (images[:used], labels[:used])
    return train, (images[training:], labels[training:])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--measure", choices=["training", "call"], required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--pictures", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
