"""spurious-correlation: something beside the subject that tells the class."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from visus.auditing.base import Check, Opinion, Remark
from visus.auditing.evidence import Evidence
from visus.auditing.probe import tree_accuracy
from visus.core.seeds import random_generator
from visus.core.settings import Settings
from visus.tasks.intervals import wilson_interval

# Few enough that five trees take no time, enough to know a share by.
MOST_PER_CLASS = 500
LEAST_PER_CLASS = 20
# Random data would fire once in a thousand audits of one property.
GUARD = 0.998

Values = NDArray[np.float64]


class SpuriousSettings(Settings):
    """How much may be told without looking at the subject."""

    gain: float = Field(
        0.3, gt=0, lt=1, description="share of the way from chance to always right"
    )


class SpuriousCorrelation(Check[SpuriousSettings]):
    """A decision tree that sees one property alone, on as many pictures of each class.

    With equal classes, chance is one in the number of classes. A property is named
    when the tree gains enough over chance, and chance lies below the 99.8 % interval of
    its share (Wilson, 1927), which random data pass once in a thousand times.
    """

    settings_class = SpuriousSettings

    def judge(self, evidence: Evidence) -> Opinion:
        """One remark a property that tells the class."""
        rows = _balanced_rows(evidence.targets, evidence.seed)
        classes, labels = np.unique(evidence.targets[rows], return_inverse=True)
        if len(classes) < 2:
            return Opinion()
        remarks = []
        for name, values in _properties(evidence):
            if np.ptp(values[rows], axis=0).any():
                right = tree_accuracy(
                    values[rows], labels, evidence.units[rows], seed=evidence.seed
                )
                remarks += self._remarks(name, right, len(rows), len(classes))
        return Opinion(remarks=tuple(remarks))

    def _remarks(self, name: str, right: int, total: int, count: int) -> list[Remark]:
        share, chance = right / total, 1 / count
        gain = (share - chance) / (1 - chance)
        surely = wilson_interval(right, total, GUARD).low > chance
        if gain < self.settings.gain or not surely:
            return []
        interval = wilson_interval(right, total)
        sentence = (
            f"The {name} alone tells the class of {share:.0%} of the pictures "
            f"({interval.low:.0%} to {interval.high:.0%}), where chance tells "
            f"{chance:.0%}: a network may learn that in place of the subject."
        )
        return [Remark(sentence)]


def _properties(evidence: Evidence) -> Iterator[tuple[str, Values]]:
    looks = evidence.looks
    yield "brightness", _columns(looks.brightness)
    yield "color of the border", border_colors(evidence.pixels)
    yield "size", _columns(looks.heights, looks.widths)
    _, kinds = np.unique(np.array(looks.formats), return_inverse=True)
    # One column a type: a number would say that GIF lies between BMP and JPEG.
    yield "file type", np.eye(kinds.max(initial=0) + 1)[kinds]
    yield "number of bytes of the file", _columns(looks.file_bytes)


def border_colors(pixels: NDArray[np.uint8]) -> Values:
    """Mean color of the outermost pixels, `(num_images, channels)`."""
    edges = [pixels[:, 0], pixels[:, -1], pixels[:, 1:-1, 0], pixels[:, 1:-1, -1]]
    mean: Values = np.concatenate(edges, axis=1).mean(axis=1)
    return mean


def _columns(*values: NDArray[np.number]) -> Values:
    return np.stack(values, axis=1).astype(np.float64)


def _balanced_rows(targets: NDArray[np.int32], seed: int) -> NDArray[np.intp]:
    """As many pictures of each class that is not tiny, in order."""
    counts = np.bincount(targets[targets >= 0])
    classes = np.flatnonzero(counts >= LEAST_PER_CLASS)
    if not len(classes):
        return np.zeros(0, dtype=np.intp)
    size = min(MOST_PER_CLASS, int(counts[classes].min()))
    chosen = [
        random_generator(seed, "balanced", int(number)).choice(
            np.flatnonzero(targets == number), size, replace=False
        )
        for number in classes
    ]
    return np.sort(np.concatenate(chosen))
