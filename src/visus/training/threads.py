"""How the processor's cores are shared out, decided before TensorFlow starts.

TensorFlow spreads one small convolution badly over cores (a convnet epoch on MNIST: one
core 11.6 s, two cores 10.0 s). A tower a core, each on one thread, has no such loss.
"""

from dataclasses import dataclass

from visus.core.cores import available_cores

# Below this many pictures a tower, the cost of one more tower outweighs its help.
FEWEST_PICTURES_A_TOWER = 16


@dataclass(frozen=True)
class Threads:
    """How many towers a batch is split into, and whether TensorFlow agreed.

    Args:
        towers: parts of a batch that are computed side by side.
        pinned: false when TensorFlow had started with other counts (a notebook): the
            result is as good, the run a little slower.
    """

    towers: int
    pinned: bool


def share_out_cores(batch_size: int) -> Threads:
    """Choose the towers for a batch size and tell TensorFlow, if it still listens."""
    import tensorflow as tf

    cores = available_cores()
    towers = max(1, min(cores, batch_size // FEWEST_PICTURES_A_TOWER))
    try:
        tf.config.threading.set_intra_op_parallelism_threads(cores // towers)
        tf.config.threading.set_inter_op_parallelism_threads(towers)
    except RuntimeError:
        # TensorFlow has started already and keeps the counts it has.
        return Threads(towers, pinned=False)
    return Threads(towers, pinned=True)
