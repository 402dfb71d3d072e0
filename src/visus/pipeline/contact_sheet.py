"""visus data --augment: some training pictures, as training changes them."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.core.files import write_bytes
from visus.data.augment.captions import changes_in_words
from visus.data.augment.draw import draw_changes, draw_parts
from visus.data.augment.policies import RANGES, SWITCHES
from visus.data.batches import Batch
from visus.data.config import AugmentConfig
from visus.data.encode import encode_png
from visus.data.records import target_text
from visus.models.backend import select_backend
from visus.pipeline.learn import make_lesson
from visus.pipeline.plan import Plan
from visus.pipeline.prepare import PreparedData
from visus.reporting.contact_sheet import Cell, contact_sheet

PICTURES = 8
EPOCHS = 7
SHEETS = Path("sheets")


def write_contact_sheet(
    plan: Plan, data: PreparedData, path: Path | None
) -> dict[str, Any]:
    """Draw a few training pictures beside what some epochs make of them.

    The draws are those of a training with the same seed, and the compiled step's own
    function applies them; only who is mixed with whom is a matter of the batch: here
    the next picture of the sheet.

    Args:
        plan: what `visus train` would do.
        data: its pictures.
        path: a PNG file; `None`: the first free `sheets/<data>-<number>.png`.

    Returns:
        where the sheet is, the recipe and settings shown, and the pictures' ids.
    """
    training = make_lesson(plan, data).train
    labels = [target_text(data.task.target(row)) for row in training.targets]
    _, kinds = np.unique(labels, return_inverse=True)
    rows = spread_over_classes(kinds, PICTURES)
    batch = training.take(rows)
    sheet = contact_sheet(
        f"{data.dataset.name}: as training changes its pictures",
        _notes(plan),
        ["as it is", *(f"epoch {number + 1}" for number in range(EPOCHS))],
        _rows(plan, batch, [labels[row] for row in rows]),
    )
    path = path or _free_sheet(data.dataset.name)
    write_bytes(path, encode_png(sheet))
    return {
        "path": str(path),
        "recipe": plan.config.recipe,
        "augment": plan.config.training.augment.model_dump(mode="json"),
        "changes": plan.config.training.augment.changes_anything,
        "pictures": list(batch.ids),
    }


def spread_over_classes(targets: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """Rows of up to `most` pictures: classes in turn, and each class from end to end.

    Args:
        targets: class numbers `(num_images,)`.
        most: how many rows; with more classes than that, some of the classes.
    """
    classes = np.unique(targets)
    if len(classes) > most:
        classes = classes[np.linspace(0, len(classes) - 1, most).astype(int)]
    turns = -(-most // len(classes))
    shares = (np.arange(turns) + 0.5) / turns
    members = [np.flatnonzero(targets == number) for number in classes]
    rows = [rows[(shares * len(rows)).astype(int)] for rows in members]
    in_turn = np.stack(rows, axis=1).ravel()
    # A class with few pictures gives each of them once.
    _, first = np.unique(in_turn, return_index=True)
    return np.asarray(in_turn[np.sort(first)][:most])


def _rows(plan: Plan, batch: Batch, labels: list[str]) -> list[list[Cell]]:
    rows = [
        [Cell(pixels, label, (name,))]
        for pixels, label, name in zip(batch.pixels[:], labels, batch.ids, strict=True)
    ]
    for epoch in range(EPOCHS):
        cells = _epoch(plan, batch, labels, epoch)
        for row, cell in zip(rows, cells, strict=True):
            row.append(cell)
    return rows


def _epoch(plan: Plan, batch: Batch, labels: list[str], epoch: int) -> list[Cell]:
    augment, seed = plan.config.training.augment, plan.config.seed
    shape, keys = batch.pixels.shape[1:], batch.keys
    drawn = draw_changes(augment, shape, keys, seed=seed, epoch=epoch)
    if drawn is None:
        return [
            Cell(pixels, label, ("unchanged",))
            for pixels, label in zip(batch.pixels[:], labels, strict=True)
        ]
    select_backend()
    from visus.training.augment_tensorflow import change_images

    images = np.asarray(change_images(batch.pixels[:], drawn.arrays()))
    changed = np.clip(np.round(images), 0, 255).astype(np.uint8)
    parts = draw_parts(augment, shape, keys, seed=seed, epoch=epoch)
    return [
        Cell(
            changed[row],
            _mixed_label(labels, row, part.get("share", np.ones(()))),
            (", ".join(changes_in_words(part)) or "unchanged",),
        )
        for row in range(len(batch))
        for part in [{name: values[row] for name, values in parts.items()}]
    ]


def _mixed_label(labels: list[str], row: int, share: NDArray[np.float64]) -> str:
    own, other = labels[row], labels[(row + 1) % len(labels)]
    if own == other or share > 0.995:
        return own
    return f"{share:.0%} {own} + {1 - share:.0%} {other}"


def _notes(plan: Plan) -> list[str]:
    config, shape = plan.config, plan.spec.input_shape
    augment = config.training.augment
    height, width, channels = shape
    notes = [
        f"Recipe {config.recipe}, as visus train would use it; seed {config.seed}; "
        f"pictures of {height} by {width} pixels, "
        f"{'gray' if channels == 1 else 'color'}.",
        _ranges(augment),
    ]
    if augment.mixup or augment.cutmix:
        notes.append(
            "Mixed and pasted in: the next row's picture; in training, the next of "
            "the batch. Labels are mixed by the same shares."
        )
    return notes


def _ranges(augment: AugmentConfig) -> str:
    if not augment.changes_anything:
        return (
            "This recipe changes no picture. To see changes: --recipe NAME, or "
            "--set training.augment.strength=5"
        )
    on = [name.replace("_", " ") for name in SWITCHES if getattr(augment, name)]
    on += [f"{name} {value:g}" for name in RANGES if (value := getattr(augment, name))]
    begin = "Changes"
    if augment.strength is not None:
        begin = f"Strength {augment.strength:g} for {augment.kind}"
    return f"{begin}: {', '.join(on)}."


def _free_sheet(name: str) -> Path:
    stem = "".join(letter if letter.isalnum() else "-" for letter in name)
    number = 1
    while (sheet := SHEETS / f"{stem.strip('-')[:40]}-{number:03d}.png").exists():
        number += 1
    return sheet
