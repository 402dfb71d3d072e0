"""Predictions: answers keyed by image id, so that two runs can be compared."""

import json
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles.format import pack_arrays, unpack_arrays
from visus.core.errors import ModelError
from visus.core.files import write_bytes

# What `np.load` and `zipfile` raise for cut or altered files; encryption and unknown
# compression, which a flipped bit can feign, are RuntimeErrors.
_DAMAGE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
MOST_ROWS_SHOWN = 50


@dataclass(frozen=True)
class Answer:
    """The answer to one picture: its label, the label's score, and all scores."""

    id: str
    label: str
    confidence: float
    scores: dict[str, float]


@dataclass(frozen=True)
class Predictions:
    """Scores for pictures, in the order in which they were asked.

    Args:
        ids: `(num_images,)`.
        scores: float32 class probabilities `(num_images, num_classes)`.
        class_names: in the order of the scores.
        targets: int32 class numbers `(num_images,)`, where the truth is known.

    Raises:
        ValueError: the shapes do not fit each other.

    Example:
        >>> scores = np.array([[0.9, 0.1], [0.2, 0.8]], dtype=np.float32)
        >>> Predictions(("a.jpg", "b.jpg"), scores, ("cat", "dog")).answers
        ('cat', 'dog')
    """

    ids: tuple[str, ...]
    scores: NDArray[np.float32]
    class_names: tuple[str, ...]
    targets: NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        _require_shape("scores", self.scores, (len(self.ids), len(self.class_names)))
        if self.targets is not None:
            _require_shape("targets", self.targets, (len(self.ids),))

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Answer]:
        rows = zip(self.ids, self.answers, self.scores.tolist(), strict=True)
        for image_id, label, scores in rows:
            named = dict(zip(self.class_names, scores, strict=True))
            yield Answer(image_id, label, named[label], named)

    @cached_property
    def answer_numbers(self) -> NDArray[np.int32]:
        """Class numbers `(num_images,)`."""
        return np.asarray(self.scores.argmax(axis=1), dtype=np.int32)

    @cached_property
    def answers(self) -> tuple[str, ...]:
        """Class names `(num_images,)`."""
        return tuple(self.class_names[number] for number in self.answer_numbers)

    @cached_property
    def confidences(self) -> NDArray[np.float32]:
        """The largest score of each picture `(num_images,)`."""
        largest: NDArray[np.float32] = self.scores.max(axis=1, initial=0)
        return largest

    @cached_property
    def rows(self) -> dict[str, int]:
        """Where each id stands."""
        return {image_id: row for row, image_id in enumerate(self.ids)}

    def select(self, ids: Sequence[str]) -> "Predictions":
        """The rows of these pictures, in this order; `KeyError` for an unknown one."""
        rows = [self.rows[image_id] for image_id in ids]
        targets = None if self.targets is None else self.targets[rows]
        return Predictions(tuple(ids), self.scores[rows], self.class_names, targets)

    def truth(self) -> dict[str, str]:
        """The true class name by id; pictures whose class is not known are left out."""
        if self.targets is None:
            return {}
        return {
            image_id: self.class_names[number]
            for image_id, number in zip(self.ids, self.targets, strict=True)
            if number >= 0
        }

    def to_json(self) -> list[dict[str, Any]]:
        """One object a picture."""
        return [
            {
                "id": answer.id,
                "answer": answer.label,
                "confidence": answer.confidence,
                "scores": answer.scores,
            }
            for answer in self
        ]

    def save(self, path: Path) -> None:
        """Write all rows to an .npz file, atomically."""
        arrays: dict[str, NDArray[Any]] = {
            "ids": _text(self.ids),
            "class_names": _text(self.class_names),
            "scores": self.scores,
        }
        if self.targets is not None:
            arrays["targets"] = self.targets
        write_bytes(path, pack_arrays(arrays))

    @classmethod
    def load(cls, path: Path) -> "Predictions":
        """Read what `save` wrote; `ModelError` when it is damaged."""
        try:
            arrays = unpack_arrays(path.read_bytes())
            ids, names = (_words(arrays[key]) for key in ("ids", "class_names"))
            return cls(ids, arrays["scores"], names, arrays.get("targets"))
        except _DAMAGE as error:
            raise ModelError(
                received=f"The predictions {path} cannot be read: {error}.",
                expected="the file that `visus train` wrote.",
                remedy="Train again, or evaluate the bundle with `visus evaluate`.",
            ) from error

    def _repr_html_(self) -> str:
        shown = slice(MOST_ROWS_SHOWN)
        rows = "".join(
            f"<tr><td>{escape(image_id)}</td><td>{escape(label)}</td>"
            f"<td>{confidence:.1%}</td></tr>"
            for image_id, label, confidence in zip(
                self.ids[shown],
                self.answers[shown],
                self.confidences[shown],
                strict=True,
            )
        )
        head = "<tr><th>picture</th><th>answer</th><th>score</th></tr>"
        rest = len(self) - MOST_ROWS_SHOWN
        more = f"<p>and {rest:,} more</p>" if rest > 0 else ""
        return f"<table>{head}{rows}</table>{more}"


def _require_shape(name: str, array: NDArray[Any], expected: tuple[int, ...]) -> None:
    if array.shape != expected:
        raise ValueError(f"{name} of shape {array.shape}, where {expected} is needed")


def _text(words: Sequence[str]) -> NDArray[np.uint8]:
    # An array of strings pads every id to the longest. JSON is one block of UTF-8 and
    # loses no id: not an empty one, nor a file name that is not valid text.
    return np.frombuffer(json.dumps(list(words)).encode(), dtype=np.uint8)


def _words(block: NDArray[Any]) -> tuple[str, ...]:
    return tuple(map(str, json.loads(block.tobytes())))
