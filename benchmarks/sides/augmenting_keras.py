"""The peer: the same policy in Keras layers inside tf.data, from pixels in memory."""

import math
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf
from keras import layers

from benchmarks.augmenting import arguments_of_side, pictures_of
from benchmarks.measure import stopwatch, tell_measurement

# Half strength of the policy for photographs, as `visus.data.augment.policies` has it:
# flip, shift, rotate, zoom with stretch, shear; colors; a blank square; then one of the
# two mixes for each batch, where Visus chooses for each picture.
WHOLE = (0, 255)
LAYERS = (
    lambda: layers.RandomFlip("horizontal"),
    lambda: layers.RandomTranslation(0.15, 0.15),
    lambda: layers.RandomRotation(15 / 360),
    lambda: layers.RandomZoom(0.35, 0.35),
    lambda: layers.RandomShear(x_factor=math.tan(math.radians(10))),
    lambda: layers.RandomBrightness(0.3, value_range=WHOLE),
    lambda: layers.RandomContrast(0.3, value_range=WHOLE),
    lambda: layers.RandomSaturation((0.35, 0.65), value_range=WHOLE),
    lambda: layers.RandomErasing(scale=(0.25**2, 0.25**2), fill_value=127.5),
)


def main() -> None:
    """Measure one epoch, warm."""
    asked = arguments_of_side()
    pixels, labels = pictures_of(asked.data)
    changes = [make() for make in LAYERS]
    mixup, cutmix = layers.MixUp(0.2), layers.CutMix(0.5)

    def change(images, labels):
        images = tf.cast(images, tf.float32)
        for layer in changes:
            images = layer(images, training=True)
        batch = {"images": images, "labels": labels}
        return tf.cond(
            tf.random.uniform([]) < 0.5,
            lambda: mixup(batch, training=True),
            lambda: cutmix(batch, training=True),
        )

    def batches(count: int) -> tf.data.Dataset:
        kept = (pixels[:count], keras.utils.to_categorical(labels[:count], 2))
        return (
            tf.data.Dataset.from_tensor_slices(kept)
            .shuffle(count, seed=0)
            .batch(asked.batch_size, drop_remainder=True)
            .map(change, num_parallel_calls=tf.data.AUTOTUNE)
            .prefetch(tf.data.AUTOTUNE)
        )

    for _ in batches(2 * asked.batch_size):
        pass
    # Built before the clock starts: tracing belongs to neither side's epoch.
    epoch = iter(batches(len(labels)))
    count = 0
    with stopwatch() as cost:
        for batch in epoch:
            count += len(batch["images"].numpy())
    tell_measurement({**cost, "pictures": count})


if __name__ == "__main__":
    main()
