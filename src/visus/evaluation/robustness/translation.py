"""Translation: whether a network minds where in a picture a pattern stands."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visus.core.report import Chart, Fact, Series, Table
from visus.evaluation.parts import Parts, Tested
from visus.evaluation.robustness.corruptions import Answer, sampled
from visus.tasks.intervals import difference_interval, wilson_interval

Pixels = NDArray[np.uint8]

# Pixels at the network's size, up, down, left and right.
SHIFTS = (0, 1, 2, 3, 4, 6, 8)
DIRECTIONS = ((-1, 0), (1, 0), (0, -1), (0, 1))


def shifted(pixels: Pixels, down: int, right: int) -> Pixels:
    """Pictures moved by whole pixels; what comes in repeats the edge.

    Args:
        pixels: uint8 `(num_images, height, width, channels)`.
        down: by so many rows; negative is up.
        right: by so many columns; negative is left.

    Example:
        >>> shifted(np.arange(3, dtype=np.uint8).reshape(1, 1, 3, 1), 0, 1).ravel()
        array([0, 0, 1], dtype=uint8)
    """
    height, width = pixels.shape[1:3]
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    return pixels[:, rows[:, None], columns[None]]


def right_when_shifted(
    answer: Answer, pixels: Pixels, targets: NDArray[np.int32], by: int
) -> NDArray[np.bool_]:
    """Whether pictures are answered right, `(num_directions, num_images)`.

    Args:
        answer: what answers.
        pixels: uint8 `(num_images, height, width, channels)`.
        targets: class numbers `(num_images,)`.
        by: so many pixels, in each of four directions; 0: in one, as they are.
    """
    directions = DIRECTIONS if by else DIRECTIONS[:1]
    found = [
        answer(shifted(pixels, by * down, by * right))[0].argmax(axis=1) == targets
        for down, right in directions
    ]
    return np.stack(found)


def measure_translation(
    tested: Tested, answer: Answer, *, most: int, shifts: Sequence[int] = SHIFTS
) -> Parts:
    """Accuracy against shift in pixels, with the plot.

    Args:
        tested: answers of one class each.
        answer: what answers.
        most: pictures; drawn where there are more.
        shifts: in pixels, 0 the first.
    """
    some = sampled(tested.test, most)
    pixels = np.asarray(some.pixels[:])
    most_shift = min(pixels.shape[1:3]) // 2
    asked = [by for by in shifts if by < most_shift]
    hits = {by: right_when_shifted(answer, pixels, some.targets, by) for by in asked}
    points = tuple((float(by), float(hits[by].mean())) for by in asked)
    facts = [_drop(hits[0][0], hits[2])] if 2 in hits else []
    return Parts(
        facts=facts,
        tables=(_table(hits),),
        figures=(
            Chart(
                title="Accuracy against shift",
                x_label="shift (pixels)",
                y_label="accuracy (share)",
                series=(Series(label="mean of four directions", points=points),),
            ),
        ),
    )


def _drop(still: NDArray[np.bool_], moved: NDArray[np.bool_]) -> Fact:
    """What two pixels cost, in the direction that stands for the four's mean."""
    value = float(still.mean() - moved.mean())
    # Widest of the four: they are answers to the same pictures.
    intervals = [
        difference_interval(
            int(np.sum(row & ~still)), int(np.sum(still & ~row)), len(still)
        )
        for row in moved
    ]
    low = min(interval.low for interval in intervals)
    high = max(interval.high for interval in intervals)
    interval = intervals[0].model_copy(
        update={"value": value, "low": low, "high": high}
    )
    text = (
        f"{100 * value:.2f} points of accuracy by a shift of 2 pixels ({100 * low:.2f} "
        f"to {100 * high:.2f}, over four directions)"
    )
    return Fact(name="shift_drop", value=value, text=text, interval=interval)


def _table(hits: dict[int, NDArray[np.bool_]]) -> Table:
    rows = []
    for by, found in hits.items():
        worst = found[found.mean(axis=1).argmin()]
        interval = wilson_interval(int(worst.sum()), len(worst))
        rows.append(
            (
                by,
                f"{found.mean():.2%}",
                f"{interval.value:.2%} ({interval.low:.2%} to {interval.high:.2%})",
            )
        )
    return Table(
        title="Accuracy against shift",
        columns=("pixels", "mean of four directions", "worst direction"),
        rows=tuple(rows),
        note=f"On {hits[0].shape[1]:,} pictures; what comes in repeats the edge.",
    )
