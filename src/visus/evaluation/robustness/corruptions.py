"""Accuracy under corruptions: what is left of it, by kind and severity."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.bundles.judged import Judged
from visus.core.progress import Progress, SilentProgress
from visus.core.report import Chart, Fact, Finding, Gallery, Series, Table, Tile
from visus.core.seeds import random_generator
from visus.data.batches import Batch
from visus.data.corruptions import CORRUPTIONS, SEVERITIES, corrupted
from visus.data.encode import png_base64
from visus.evaluation.parts import Parts, Tested
from visus.tasks.intervals import mean_share_interval

Pixels = NDArray[np.uint8]
Scores = NDArray[np.float32]
# From prepared pixels to scores, and to what is said of each picture.
Answer = Callable[[Pixels], tuple[Scores, Judged | None]]

SHOWN_SEVERITY = 3
# Of the accuracy on pictures as they are: below it a corruption is called harmful.
HARMFUL = 0.8
MOST_NAMED = 5


@dataclass(frozen=True)
class Cell:
    """One corruption at one severity.

    Args:
        right: whether each picture is still answered right `(num_images,)`.
        said: whether it gets a label at all `(num_images,)`; `None`: not known.
    """

    right: NDArray[np.bool_]
    said: NDArray[np.bool_] | None


Cells = Mapping[tuple[str, int], Cell]


def measure_corruptions(
    tested: Tested,
    answer: Answer,
    *,
    most: int,
    names: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Parts:
    """Facts, tables, chart and a gallery; every cell has the same pictures.

    Args:
        tested: answers of one class each.
        answer: what answers.
        most: pictures a cell; drawn where there are more.
        names: of the corruptions; `None`: all.
        progress: who is told.
    """
    some = sampled(tested.test, most)
    chosen = list(names or CORRUPTIONS.names())
    pixels = np.asarray(some.pixels[:])
    clean = _cell(answer, pixels, some)
    cells: dict[tuple[str, int], Cell] = {}
    progress = progress or SilentProgress()
    with progress.stage("Corrupting pictures", len(chosen) * len(SEVERITIES)):
        for name in chosen:
            for severity in SEVERITIES:
                changed = corrupted(pixels, name, severity)
                cells[name, severity] = _cell(answer, changed, some)
                progress.advance(1)
    common = [n for n in chosen if CORRUPTIONS.part(n).facts.get("common", False)]
    return Parts(
        facts=_facts(clean, cells, common),
        findings=_findings(clean, cells, chosen),
        tables=(_by_kind(clean, cells, chosen), _by_severity(clean, cells, common)),
        figures=(_chart(clean, cells, chosen), _gallery(some, chosen)),
    )


def sampled(test: Batch, most: int) -> Batch:
    """At most so many of the pictures, drawn."""
    order = random_generator(0, "corruptions sample").permutation(len(test))
    return test.take(np.sort(order[:most]))


def _cell(answer: Answer, pixels: Pixels, some: Batch) -> Cell:
    scores, judged = answer(pixels)
    right = scores.argmax(axis=1) == some.targets
    return Cell(right, None if judged is None else judged.answered)


def _mean(cells: Cells, names: Sequence[str], severity: int) -> float:
    return float(np.mean([cells[name, severity].right for name in names]))


def _facts(clean: Cell, cells: Cells, common: Sequence[str]) -> list[Fact]:
    if not common:
        return []
    # A picture is one witness, however often it was corrupted.
    shares = np.mean(
        [cells[name, severity].right for name in common for severity in SEVERITIES],
        axis=0,
    )
    interval = mean_share_interval(shares)
    low, high = interval.low, interval.high
    text = (
        f"{interval.value:.2%} (95 % interval {low:.2%} to {high:.2%}) over "
        f"{len(common)} corruptions at five severities; {clean.right.mean():.2%} as "
        f"they are ({len(shares):,} pictures)"
    )
    return [
        Fact(
            name="corrupted_accuracy",
            value=interval.value,
            text=text,
            interval=interval,
        )
    ]


def _findings(clean: Cell, cells: Cells, chosen: Sequence[str]) -> list[Finding]:
    whole = float(clean.right.mean())
    means = {
        name: float(np.mean([cells[name, s].right for s in SEVERITIES]))
        for name in chosen
    }
    harmful = [name for name in chosen if means[name] < HARMFUL * whole]
    worst = sorted(harmful, key=lambda name: means[name])
    if not worst:
        return []
    told = ", ".join(f"{name} ({means[name]:.1%})" for name in worst[:MOST_NAMED])
    more = f" and {len(worst) - MOST_NAMED} more" if len(worst) > MOST_NAMED else ""
    message = (
        f"Much is lost by {told}{more}; {whole:.1%} are right as they are. Noise and "
        "contrast in training (training.augment) may help."
    )
    return [Finding(severity="warning", message=message)]


def _by_kind(clean: Cell, cells: Cells, chosen: Sequence[str]) -> Table:
    rows = []
    for name in chosen:
        hits = np.mean([cells[name, s].right for s in SEVERITIES], axis=0)
        shares = [float(cells[name, s].right.mean()) for s in SEVERITIES]
        # Of five answers to one picture the mean is one witness.
        mean = mean_share_interval(hits)
        rows.append(
            (
                name,
                *(f"{s:.1%}" for s in shares),
                f"{mean.value:.1%}",
                f"{mean.low:.1%} to {mean.high:.1%}",
            )
        )
    return Table(
        title="Accuracy under corruptions",
        columns=(
            "corruption",
            *(str(s) for s in SEVERITIES),
            "mean",
            "95 % interval",
        ),
        rows=tuple(rows),
        note=f"By severity, on the same {len(clean.right):,} pictures in every cell; "
        f"{clean.right.mean():.1%} as they are. After ImageNet-C (Hendrycks and "
        "Dietterich, 2019); rotation and what follows it are ours.",
    )


def _by_severity(clean: Cell, cells: Cells, common: Sequence[str]) -> Table:
    rows = []
    for severity in (0, *SEVERITIES):
        some = [clean] if severity == 0 else [cells[n, severity] for n in common]
        if not some:
            continue
        right = np.concatenate([cell.right for cell in some])
        row: list[str] = [str(severity or "none"), f"{right.mean():.1%}"]
        if clean.said is not None:
            parts = [cell.said for cell in some if cell.said is not None]
            said = np.concatenate(parts)
            row.append(f"{said.mean():.1%}")
            row.append(f"{right[said].mean():.1%}" if said.any() else "")
        rows.append(tuple(row))
    told = ("gets a label", "right of these") if clean.said is not None else ()
    return Table(
        title="Answers by severity",
        columns=("severity", "accuracy", *told),
        rows=tuple(rows),
        note=f"Means over {len(common)} common corruptions. A model that knows what it "
        "does not know gives fewer labels, and right ones.",
    )


def _chart(clean: Cell, cells: Cells, chosen: Sequence[str]) -> Chart:
    common = [n for n in chosen if CORRUPTIONS.part(n).facts.get("common", False)]
    others = [n for n in chosen if n not in common]
    start = (0.0, float(clean.right.mean()))
    return Chart(
        title="Accuracy by severity",
        x_label="severity",
        y_label="accuracy (share)",
        series=tuple(
            Series(
                label=label,
                points=(
                    start,
                    *((float(s), _mean(cells, names, s)) for s in SEVERITIES),
                ),
            )
            for label, names in (
                ("common corruptions", common),
                ("place, size and resolution", others),
            )
            if names
        ),
    )


def _gallery(some: Batch, chosen: Sequence[str]) -> Gallery:
    picture = np.asarray(some.pixels[:1])
    return Gallery(
        title=f"One picture at severity {SHOWN_SEVERITY}",
        tiles=tuple(
            Tile(
                image_id=some.ids[0],
                caption=name,
                png_base64=png_base64(corrupted(picture, name, SHOWN_SEVERITY)[0]),
            )
            for name in chosen
        ),
        note="As the network sees it.",
    )
