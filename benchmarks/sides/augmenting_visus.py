"""Our side: an epoch of changed batches, from uint8 pixels in memory.

All that `visus train` does before the network: order, batches, draws, and the compiled
changes, a tower a core.
"""

import numpy as np

from benchmarks.augmenting import POLICY, arguments_of_side, pictures_of
from benchmarks.measure import stopwatch, tell_measurement
from visus.data.batches import Batch
from visus.models.backend import select_backend
from visus.training.config import TrainingConfig
from visus.training.epochs import EpochPlan
from visus.training.threads import share_out_cores


def main() -> None:
    """Measure one epoch, warm."""
    asked = arguments_of_side()
    pixels, labels = pictures_of(asked.data)
    select_backend()
    threads = share_out_cores(asked.batch_size)
    import tensorflow as tf

    from visus.training.augment_tensorflow import change_images

    # As the compiled step does: each tower changes its part, side by side.
    @tf.function(autograph=False)
    def change(pixels, drawn):
        whole = tf.split(pixels, threads.towers)
        drawn = {name: tf.split(part, threads.towers) for name, part in drawn.items()}
        return [
            change_images(part, {name: parts[n] for name, parts in drawn.items()})
            for n, part in enumerate(whole)
        ]

    def epoch(plan: EpochPlan) -> int:
        count = 0
        for work in plan.pieces(0, iter(lambda: 1, None)):
            drawn = {name: part[0] for name, part in work.draw.arrays().items()}
            images = change(work.pixels[0], drawn)
            count += sum(len(part.numpy()) for part in images)
        return count

    pictures = Batch(
        pixels=pixels,
        targets=labels,
        weights=np.ones(len(labels), dtype=np.float32),
        ids=tuple(map(str, range(len(labels)))),
    )
    config = TrainingConfig(batch_size=asked.batch_size, augment={"strength": POLICY})
    ones = np.ones(2, dtype=np.float32)
    few = pictures.take(range(2 * asked.batch_size))
    epoch(EpochPlan(few, config, 0, 0, asked.batch_size, ones))
    with stopwatch() as cost:
        count = epoch(EpochPlan(pictures, config, 0, 0, asked.batch_size, ones))
    tell_measurement({**cost, "pictures": count, "towers": threads.towers})


if __name__ == "__main__":
    main()
