"""Judged: beside each best class, whether it can be said, and what else it may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["label", "unsure", "unknown"]


@dataclass(frozen=True)
class Judged:
    """One row a picture.

    Args:
        sets: which classes may be true, the best among them, `(num_images,
            num_classes)`.
        typicality: share of pictures of the model's kind that look as strange
            `(num_images,)`; NaN where the model cannot tell.
        unknown: whether the picture is too strange for an answer `(num_images,)`.
    """

    sets: NDArray[np.bool_]
    typicality: NDArray[np.float32]
    unknown: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.unknown)

    @property
    def unsure(self) -> NDArray[np.bool_]:
        """Known kinds of pictures of which several classes may be true."""
        return np.asarray(~self.unknown & (self.sets.sum(axis=1) > 1))

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Pictures that get a label."""
        return ~self.unknown & ~self.unsure

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What is said of each picture."""
        pairs = zip(self.unknown.tolist(), self.unsure.tolist(), strict=True)
        return tuple(
            "unknown" if unknown else "unsure" if unsure else "label"
            for unknown, unsure in pairs
        )

    def take(self, rows: Sequence[int] | NDArray[np.intp]) -> "Judged":
        """The pictures at these positions, in this order."""
        chosen = np.asarray(rows, dtype=np.intp)
        return Judged(self.sets[chosen], self.typicality[chosen], self.unknown[chosen])


def join_judged(parts: Sequence[Judged | None]) -> Judged | None:
    """One after the other; `None` unless all are judged."""
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None
    return Judged(
        np.concatenate([part.sets for part in known]),
        np.concatenate([part.typicality for part in known]),
        np.concatenate([part.unknown for part in known]),
    )
