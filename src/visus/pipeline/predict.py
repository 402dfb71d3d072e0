"""visus predict: answers for files, folders and patterns, in the order of asking."""

import csv
import glob
import hashlib
import io
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from visus.bundles import Bundle, Predictions
from visus.bundles.judged import join_judged
from visus.bundles.predictions import Answer
from visus.core.cores import available_cores
from visus.core.errors import ConfigError, DataError
from visus.core.files import cannot_write, write_text
from visus.core.progress import Progress
from visus.data.decode import READ_NAMES, DecodeFailure
from visus.data.ledger import Quarantined
from visus.data.names import printable_name
from visus.data.opening import open_picture

# Large enough to keep the network busy, small enough to lose little to a kill.
PIECE = 256


@dataclass(frozen=True)
class Answered:
    """Some pictures' answers.

    Args:
        asked: all names, in the order of asking.
        predictions: rows for those that could be read.
        unreadable: the others, with their reasons.
    """

    asked: tuple[str, ...]
    predictions: Predictions
    unreadable: tuple[Quarantined, ...]


def find_pictures(questions: Sequence[str]) -> list[Path]:
    """The files meant by paths, folders (all files below) and patterns.

    Raises:
        DataError: one of them names nothing.
    """
    found: list[Path] = []
    for question in questions:
        # Not Path's own tests: they raise for a name that is longer than names can be.
        if os.path.isdir(question):
            found += _files_below(Path(question))
        elif os.path.lexists(question):
            found.append(Path(question))
        else:
            matches = sorted(glob.glob(question, recursive=True))
            found += [Path(match) for match in matches if os.path.isfile(match)]
            if not matches:
                raise _nothing_there(question)
    if not found:
        raise _nothing_there(", ".join(questions))
    return found


def predict_files(
    bundle: Bundle, paths: Sequence[Path], progress: Progress
) -> Iterator[Answered]:
    """Answer in pieces of 256 pictures, decoding on all cores."""
    with progress.stage("Answering", len(paths)):
        with ThreadPoolExecutor(available_cores()) as workers:
            for first in range(0, len(paths), PIECE):
                piece = paths[first : first + PIECE]
                yield _answer(bundle, piece, workers)
                progress.advance(len(piece))


def answer_all(bundle: Bundle, paths: Sequence[Path], progress: Progress) -> Answered:
    """Answer all at once; raises `DataError` when not one can be read."""
    pieces = list(predict_files(bundle, paths, progress))
    unreadable = tuple(entry for piece in pieces for entry in piece.unreadable)
    if len(unreadable) == len(paths):
        raise DataError(
            received=f"{unreadable[0].id}: {unreadable[0].reason}",
            expected=f"at least one picture: {READ_NAMES}.",
            remedy="Check that this is the file you mean, or save it again as PNG.",
        )
    return Answered(
        asked=tuple(name for piece in pieces for name in piece.asked),
        predictions=bundle.predictions(
            tuple(i for piece in pieces for i in piece.predictions.ids),
            np.concatenate([piece.predictions.scores for piece in pieces]),
            judged=join_judged([piece.predictions.judged for piece in pieces]),
        ),
        unreadable=unreadable,
    )


def write_answers(
    bundle: Bundle,
    paths: Sequence[Path],
    out: Path,
    progress: Progress,
    *,
    force: bool = False,
) -> int:
    """Write `out` as CSV piece by piece; a killed call goes on where it was.

    Returns:
        how many answers an earlier call had written.

    Raises:
        ConfigError: `out` holds answers to other questions or of another model.
    """
    names = [printable_name(path) for path in paths]
    mark = _mark(bundle)
    columns = ("file_name", "answer", *_further(bundle), "problem", "model")
    done = 0 if force else _already_answered(out, columns, names, mark)
    if not done:
        write_text(out, _csv([columns]))
    try:
        with out.open("a", encoding="utf-8", newline="") as file:
            for piece in predict_files(bundle, paths[done:], progress):
                file.write(_csv(_rows(piece, len(columns), mark)))
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        raise cannot_write(out, error) from error
    return done


def _answer(
    bundle: Bundle, paths: Sequence[Path], workers: ThreadPoolExecutor
) -> Answered:
    opened = list(workers.map(lambda path: _prepared(bundle, path), paths))
    good = [
        (printable_name(path), pixels)
        for path, pixels in zip(paths, opened, strict=True)
        if not isinstance(pixels, Quarantined)
    ]
    shape = (len(good), *bundle.spec.input_shape)
    pixels = np.stack([p for _, p in good]) if good else np.empty(shape, np.uint8)
    scores, judged = bundle.answer(pixels)
    return Answered(
        asked=tuple(map(printable_name, paths)),
        predictions=bundle.predictions(
            tuple(name for name, _ in good), scores, judged=judged
        ),
        unreadable=tuple(entry for entry in opened if isinstance(entry, Quarantined)),
    )


def _prepared(
    bundle: Bundle, path: Path
) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]] | Quarantined":
    try:
        return open_picture(path, bundle.spec)
    except DecodeFailure as failure:
        return Quarantined(printable_name(path), failure.verdict, failure.reason)


def _further(bundle: Bundle) -> tuple[str, ...]:
    """The columns between answer and problem: probabilities, where there are some."""
    if bundle.task.kind == "single-label":
        told = bundle.calibration is not None and bundle.calibration.sets is not None
        judged = ("kind", "best", "set", "typicality") if told else ()
        return (*judged, "confidence")
    return bundle.class_names if bundle.task.kind == "multi-label" else ()


def _already_answered(
    out: Path, columns: tuple[str, ...], names: Sequence[str], mark: str
) -> int:
    if not out.exists() or out.stat().st_size == 0:
        return 0
    text = out.read_text(encoding="utf-8")
    # A kill may have torn the last line; it is answered again.
    whole = text[: text.rfind("\n") + 1]
    rows = list(csv.reader(io.StringIO(whole)))
    expected = [(name, mark) for name in names]
    found = [(row[0], row[-1]) for row in rows[1:] if row]
    if not rows or tuple(rows[0]) != columns or found != expected[: len(found)]:
        raise ConfigError(
            received=f"{out} exists and holds something else than the beginning of "
            "these answers.",
            expected="a new file, or one that the same call began.",
            remedy="Choose another with --out, or replace it with --force.",
        )
    if whole != text:
        write_text(out, whole)
    return len(found)


def _rows(piece: Answered, columns: int, mark: str) -> list[tuple[str, ...]]:
    problems = {entry.id: entry.reason for entry in piece.unreadable}
    answers = {answer.id: answer for answer in piece.predictions}
    return [
        (name, *("",) * (columns - 3), problems[name], mark)
        if name in problems
        else (name, *_cells(answers[name]), "", mark)
        for name in piece.asked
    ]


def _cells(answer: Answer) -> tuple[str, ...]:
    """The answer as our own tables have it, and the probabilities."""
    if isinstance(answer.answer, tuple):
        probabilities = (f"{score:.6f}" for score in answer.scores.values())
        # A list in JSON: a label may hold a bar, and no label is not an unknown one.
        return (json.dumps(answer.answer, ensure_ascii=False), *probabilities)
    sure = () if answer.confidence is None else (f"{answer.confidence:.6f}",)
    if answer.kind is None:
        return (answer.label, *sure)
    said = answer.label if answer.kind == "label" else answer.kind
    typical = "" if answer.typicality is None else f"{answer.typicality:.6f}"
    possible = json.dumps(answer.possible, ensure_ascii=False)
    return (said, answer.kind, answer.label, possible, typical, *sure)


def _csv(rows: Sequence[tuple[str, ...]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def _mark(bundle: Bundle) -> str:
    # The same graph with another calibration answers otherwise.
    words = [bundle.contents.calibration] if bundle.contents.calibration else []
    words += [{"views": bundle.views}] if bundle.views != "none" else []
    told = json.dumps(words, sort_keys=True) if words else ""
    content = bundle.contents.graph + told.encode()
    return hashlib.sha256(content).hexdigest()[:12]


def _files_below(folder: Path) -> list[Path]:
    files = [
        Path(parent, name)
        for parent, _, names in os.walk(folder)
        for name in names
        if not name.startswith(".")
    ]
    return sorted(files)


def _nothing_there(question: str) -> DataError:
    return DataError(
        received=f"{question} names no file.",
        expected="pictures, folders of pictures, or patterns such as 'photos/*.jpg'.",
        remedy="Check the path; it is taken from the folder you are in.",
    )
