"""Random numbers that belong to a picture, an epoch and a purpose, and to nothing else.

A picture's numbers do not change when others come, go or change places, nor with the
batch size; and they are found for many pictures at once.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from visus.core.seeds import derive_seed

Keys = NDArray[np.uint64]
Numbers = NDArray[np.float64]

# The purposes; a new one goes to the end, so that the others keep their numbers.
PURPOSES = (
    "flip",
    "upside_down",
    "quarter_turns",
    "rotate",
    "shear",
    "zoom",
    "stretch",
    "shift_down",
    "shift_right",
    "brightness",
    "contrast",
    "saturation",
    "cutout_down",
    "cutout_right",
    "mix_or_paste",
    "share",
    "paste_down",
    "paste_right",
    "noise",
    "noise_grain",
    "noise_pattern",
    "noise_channels",
)

_GOLDEN = 0x9E3779B97F4A7C15
_ALL_BITS = 0xFFFFFFFFFFFFFFFF
# Points of the table from which a Beta distribution is read.
_TABLE = 1025


def picture_keys(ids: Sequence[str]) -> Keys:
    """64 bits for each picture from its id, `(num_images,)`."""
    digests = [hashlib.blake2b(name.encode(), digest_size=8).digest() for name in ids]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


@dataclass(frozen=True)
class PictureNumbers:
    """The numbers of some pictures in one epoch.

    SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators",
    2014), begun for each picture from its key, the seed and the epoch; a purpose is a
    place in its sequence.

    Args:
        keys: of the pictures, of any shape.
        seed: of the run.
        epoch: number of the epoch.
    """

    keys: Keys
    seed: int
    epoch: int

    @cached_property
    def _begin(self) -> Keys:
        return _mixed(
            self.keys ^ np.uint64(derive_seed(self.seed, "augment", self.epoch))
        )

    def uniform(self, purpose: str) -> Numbers:
        """Numbers in [0, 1), of the shape of the keys."""
        step = _GOLDEN * (PURPOSES.index(purpose) + 1) & _ALL_BITS
        bits = _mixed(self._begin + np.uint64(step)) >> np.uint64(11)
        return np.asarray(bits * 2.0**-53, dtype=np.float64)

    def spread(self, purpose: str) -> Numbers:
        """Numbers in [-1, 1), of the shape of the keys."""
        return 2 * self.uniform(purpose) - 1

    def every_other_epoch(self, purpose: str) -> NDArray[np.bool_]:
        """Whether it is each picture's turn: a half in even epochs, a half in odd ones.

        A picture and its mirror image, seen in turn rather than by chance, are learned
        sooner (Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024).
        """
        even = PictureNumbers(self.keys, self.seed, 0).uniform(purpose) < 0.5
        return np.asarray(even ^ (self.epoch % 2 == 1))

    def beta(self, purpose: str, shape: float) -> Numbers:
        """Numbers distributed as Beta(shape, shape), of the shape of the keys."""
        return beta_quantile(self.uniform(purpose), shape)


def beta_quantile(uniform: Numbers, shape: float) -> Numbers:
    """Where Beta(shape, shape) has these shares of its mass below.

    The lower half of the distribution is integrated in w = x ** min(shape, 1), in which
    the density x ** (shape - 1) * (1 - x) ** (shape - 1) has no pole; the upper half is
    its mirror image.

    Args:
        uniform: shares in 0..1, of any shape.
        shape: both parameters of the distribution, above 0.
    """
    power = min(shape, 1.0)
    w = np.linspace(0, 0.5**power, _TABLE)
    x = w ** (1 / power)
    density = x ** (shape - power) * (1 - x) ** (shape - 1)
    mass = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    lower = np.minimum(uniform, 1 - uniform) * 2
    found = np.interp(lower * mass[-1], mass, w) ** (1 / power)
    return np.asarray(np.where(uniform < 0.5, found, 1 - found))


def _mixed(bits: Keys) -> Keys:
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
