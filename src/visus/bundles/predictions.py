"""Predictions: answers keyed by image id, so that two runs can be compared."""

import json
import math
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles.format import pack_arrays, unpack_arrays
from visus.bundles.judged import Judged, Kind
from visus.core.errors import ModelError
from visus.core.files import write_bytes
from visus.data.records import Target, target_text
from visus.tasks.base import Task
from visus.tasks.choose import read_task
from visus.tasks.single_label import SingleLabel
from visus.tasks.words import probability_text

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
    """The answer to one picture.

    Args:
        id: of the picture.
        answer: the class; the labels; or the number.
        confidence: the score of the class; `None` for other tasks.
        scores: by name.
        kind: whether the class can be said; `None` where the model cannot tell.
        possible: the classes that may be true, the best first.
        typicality: share of pictures of the model's kind that look as strange; `None`
            where the model cannot tell.
    """

    id: str
    answer: Target
    confidence: float | None
    scores: dict[str, float]
    kind: Kind | None = None
    possible: tuple[str, ...] = ()
    typicality: float | None = None

    @property
    def label(self) -> str:
        """The answer as words."""
        return target_text(self.answer)

    def best(self, count: int | None = None) -> list[tuple[str, float]]:
        """Names and scores, the highest first; all, or so many."""
        return sorted(self.scores.items(), key=lambda item: -item[1])[:count]

    def to_json(self, top: int | None = None) -> dict[str, Any]:
        """As `visus predict --json` prints it; a number is all there is to say.

        Args:
            top: so many of the highest scores, in their order, and as percentages too;
                `None`: all, in the order of the classes.
        """
        told: dict[str, Any] = {"id": self.id, "answer": self.answer}
        if self.kind is not None:
            told |= {
                "answer": self.answer if self.kind == "label" else self.kind,
                "kind": self.kind,
                "best": self.answer,
                "set": list(self.possible),
                "typicality": self.typicality,
            }
        if self.confidence is not None:
            told["confidence"] = self.confidence
        if isinstance(self.answer, float):
            return told
        if top is None:
            return told | {"scores": self.scores}
        best = self.best(top)
        percentages = [
            {"name": name, "percent": round(100 * score, 2)} for name, score in best
        ]
        return told | {"scores": dict(best), "top": percentages}


@dataclass(frozen=True)
class Predictions:
    """Scores for pictures, in the order in which they were asked.

    Args:
        ids: `(num_images,)`.
        scores: float32 `(num_images, num_outputs)`: probabilities of classes or labels,
            or numbers in their own unit.
        class_names: in the order of the scores.
        targets: the truth where it is known: int32 class numbers `(num_images,)`; for
            other tasks float32 `(num_images, num_outputs)`.
        task: what the scores mean; `None`: one class a picture.
        groups: what each picture is of `(num_images,)`, "" where it stands alone;
            `None` where there are no groups.
        judged: whether the answers can be said; `None` where the model cannot tell.

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
    targets: NDArray[Any] | None = None
    task: Task | None = None
    groups: tuple[str, ...] | None = None
    judged: Judged | None = None

    def __post_init__(self) -> None:
        _require_shape("scores", self.scores, (len(self.ids), len(self.class_names)))
        if self.targets is not None:
            outputs = self.scores.shape[1:] if self.targets.ndim > 1 else ()
            _require_shape("targets", self.targets, (len(self.ids), *outputs))
        if self.judged is not None:
            _require_shape("sets", self.judged.sets, self.scores.shape)

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Answer]:
        rows = zip(self.ids, self.answers, self.scores.tolist(), strict=True)
        for row, (image_id, answer, scores) in enumerate(rows):
            named = dict(zip(self.class_names, scores, strict=True))
            sure = named[answer] if isinstance(answer, str) else None
            found = Answer(image_id, answer, sure, named)
            yield found if self.judged is None else self._told(found, row, self.judged)

    def _told(self, found: Answer, row: int, judged: Judged) -> Answer:
        names = zip(self.class_names, judged.sets[row].tolist(), strict=True)
        possible = [name for name, inside in names if inside]
        strange = float(judged.typicality[row])
        return replace(
            found,
            kind=self.kinds[row],
            possible=tuple(sorted(possible, key=lambda name: -found.scores[name])),
            typicality=strange if math.isfinite(strange) else None,
        )

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """Whether each picture gets a label, "unsure" or "unknown" `(num_images,)`."""
        if self.judged is not None:
            return self.judged.kinds
        plain: tuple[Kind, ...] = ("label",)
        return plain * len(self)

    @cached_property
    def meaning(self) -> Task:
        """What the scores mean."""
        return self.task or SingleLabel(self.class_names)

    @cached_property
    def answer_numbers(self) -> NDArray[np.int32]:
        """Class numbers `(num_images,)`."""
        return np.asarray(self.scores.argmax(axis=1), dtype=np.int32)

    @cached_property
    def answers(self) -> tuple[Target, ...]:
        """Class names `(num_images,)`; for other tasks tuples of labels, or numbers."""
        return self.meaning.answers(self.scores)

    @cached_property
    def confidences(self) -> NDArray[np.float32]:
        """The largest score of each picture `(num_images,)`."""
        largest: NDArray[np.float32] = self.scores.max(axis=1, initial=0)
        return largest

    @cached_property
    def units(self) -> NDArray[np.intp]:
        """Equal numbers for pictures of one group `(num_images,)`."""
        groups = self.groups or ("",) * len(self)
        names = [(g, "" if g else i) for g, i in zip(groups, self.ids, strict=True)]
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        return np.array([numbers[name] for name in names], dtype=np.intp)

    @cached_property
    def rows(self) -> dict[str, int]:
        """Where each id stands."""
        return {image_id: row for row, image_id in enumerate(self.ids)}

    def select(self, ids: Sequence[str]) -> "Predictions":
        """The rows of these pictures, in this order; `KeyError` for an unknown one."""
        rows = [self.rows[image_id] for image_id in ids]
        targets = None if self.targets is None else self.targets[rows]
        groups = None if self.groups is None else tuple(self.groups[r] for r in rows)
        judged = None if self.judged is None else self.judged.take(rows)
        return Predictions(
            tuple(ids),
            self.scores[rows],
            self.class_names,
            targets,
            self.task,
            groups,
            judged,
        )

    def truth(self) -> dict[str, Target]:
        """The true answer by id; pictures of which it is not known are left out."""
        if self.targets is None:
            return {}
        truth = map(self.meaning.target, self.targets)
        return {
            image_id: target
            for image_id, target in zip(self.ids, truth, strict=True)
            if target is not None
        }

    def to_json(self, top: int | None = None) -> list[dict[str, Any]]:
        """One object a picture, with all scores or the `top` ones."""
        return [answer.to_json(top) for answer in self]

    def save(self, path: Path) -> None:
        """Write all rows to an .npz file, atomically."""
        arrays: dict[str, NDArray[Any]] = {
            "ids": _json_block(list(self.ids)),
            "class_names": _json_block(list(self.class_names)),
            "scores": self.scores,
        }
        if self.targets is not None:
            arrays["targets"] = self.targets
        if self.task is not None:
            arrays["task"] = _json_block(self.task.to_json())
        if self.groups is not None:
            arrays["groups"] = _json_block(list(self.groups))
        if self.judged is not None:
            arrays |= {f"judged_{name}": a for name, a in vars(self.judged).items()}
        write_bytes(path, pack_arrays(arrays))

    @classmethod
    def load(cls, path: Path) -> "Predictions":
        """Read what `save` wrote; `ModelError` when it is damaged."""
        try:
            arrays = unpack_arrays(path.read_bytes())
            ids, names = (_words(arrays[key]) for key in ("ids", "class_names"))
            task = (
                read_task(names, _read_block(arrays["task"]))
                if "task" in arrays
                else None
            )
            groups = _words(arrays["groups"]) if "groups" in arrays else None
            judged = None
            if "judged_sets" in arrays:
                parts = ("sets", "typicality", "unknown")
                judged = Judged(*(arrays[f"judged_{part}"] for part in parts))
            return cls(
                ids,
                arrays["scores"],
                names,
                arrays.get("targets"),
                task,
                groups,
                judged,
            )
        except _DAMAGE as error:
            raise ModelError(
                received=f"The predictions {path} cannot be read: {error}.",
                expected="the file that `visus train` wrote.",
                remedy="Train again, or evaluate the bundle with `visus evaluate`.",
            ) from error

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(row.id)}</td><td>{escape(row.label)}</td>"
            f"<td>{escape(_sureness(row))}</td></tr>"
            for row in islice(self, MOST_ROWS_SHOWN)
        )
        head = "<tr><th>picture</th><th>answer</th><th>score</th></tr>"
        rest = len(self) - MOST_ROWS_SHOWN
        more = f"<p>and {rest:,} more</p>" if rest > 0 else ""
        return f"<table>{head}{rows}</table>{more}"


def _sureness(row: Answer) -> str:
    return "" if row.confidence is None else probability_text(row.confidence)


def _require_shape(name: str, array: NDArray[Any], expected: tuple[int, ...]) -> None:
    if array.shape != expected:
        raise ValueError(f"{name} of shape {array.shape}, where {expected} is needed")


def _json_block(values: Any) -> NDArray[np.uint8]:
    # An array of strings pads every id to the longest. JSON is one block of UTF-8 and
    # loses no id: not an empty one, nor a file name that is not valid text.
    return np.frombuffer(json.dumps(values).encode(), dtype=np.uint8)


def _read_block(block: NDArray[Any]) -> Any:
    return json.loads(block.tobytes())


def _words(block: NDArray[Any]) -> tuple[str, ...]:
    return tuple(map(str, _read_block(block)))
