"""Backgrounds: whether a model looks at the thing, or at where it stands.

After Xiao, Engstrom, Ilyas and Madry, "Noise or signal: the role of image backgrounds
in object recognition" (2021): things are laid on the grounds of other classes'
pictures, and grounds are shown without their things. Where a thing lies is what the
source says.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from visus.core.report import Fact, Finding, Gallery, Table, Tile
from visus.core.seeds import random_generator
from visus.data.batches import Batch
from visus.data.encode import png_base64
from visus.evaluation.parts import Parts, Tested
from visus.evaluation.robustness.corruptions import Answer
from visus.tasks.intervals import difference_interval, wilson_interval

Pixels = NDArray[np.uint8]
Masks = NDArray[np.bool_]
Flags = NDArray[np.bool_]
# From a picture's id to where its thing lies `(height, width)`; `None`: not known.
ThingOf = Callable[[str], Masks | None]

GRAY = 128
FEWEST_PICTURES = 20
# Shares of a picture: a thing below is hardly there, above leaves no ground.
SMALLEST, LARGEST = 0.01, 0.9
AS_IS, SWAPPED, ALONE, GROUND = (
    "as they are",
    "on another class's ground",
    "the thing alone, on gray",
    "the ground alone",
)


def measure_backgrounds(
    tested: Tested, answer: Answer, thing_of: ThingOf, *, most: int
) -> Parts:
    """A fact, a table and a gallery; every row has the same pictures.

    Args:
        tested: answers of one class each.
        answer: what answers.
        thing_of: by picture's id, where its thing lies; pictures without one are left
            out.
        most: pictures; drawn where there are more.
    """
    some, things = _marked(tested.test, thing_of, most)
    if len(some) < FEWEST_PICTURES:
        return _unmeasured(len(some))
    if len(np.unique(some.targets)) < 2:
        return _unmeasured(len(some), "all of one class")
    shown = versions(np.asarray(some.pixels[:]), things, some.targets)
    right = {
        name: answer(pixels)[0].argmax(axis=1) == some.targets
        for name, pixels in shown.items()
    }
    frequent = float(np.bincount(some.targets).max() / len(some))
    return Parts(
        (_drop(right[AS_IS], right[SWAPPED]),),
        findings=_findings(right, frequent),
        tables=(_table(right, frequent),),
        figures=(_gallery(some, shown),),
    )


def _marked(test: Batch, thing_of: ThingOf, most: int) -> tuple[Batch, Masks]:
    """Pictures whose thing can be moved, and where it lies."""
    found: dict[int, Masks] = {}
    for row in random_generator(0, "backgrounds sample").permutation(len(test)):
        thing = thing_of(test.ids[row])
        if thing is not None and SMALLEST <= thing.mean() <= LARGEST:
            found[int(row)] = thing
        if len(found) == most:
            break
    rows = sorted(found)
    things = [found[row] for row in rows]
    return test.take(np.array(rows, dtype=np.intp)), np.array(things)


def versions(
    pixels: Pixels, things: Masks, targets: NDArray[np.int32], seed: int = 0
) -> dict[str, Pixels]:
    """Each picture as it is and in three others, by what was done.

    Args:
        pixels: uint8 `(num_images, height, width, channels)`.
        things: where the thing lies `(num_images, height, width)`, nowhere everywhere.
        targets: class numbers `(num_images,)`, at least two different ones.
        seed: of whose ground is taken.
    """
    inside = things[..., np.newaxis]
    outside = (~inside).sum(axis=(1, 2))
    mean = np.where(inside, 0, pixels).sum(axis=(1, 2)) / outside
    # What a thing hides nobody knows: its place has the mean color of its ground.
    color = np.round(mean)[:, np.newaxis, np.newaxis].astype(np.uint8)
    grounds = np.where(inside, color, pixels)
    others = np.array(_of_other_classes(targets, seed))
    return {
        AS_IS: pixels,
        SWAPPED: np.where(inside, pixels, grounds[others]),
        ALONE: np.where(inside, pixels, np.uint8(GRAY)),
        GROUND: grounds,
    }


def _of_other_classes(targets: NDArray[np.int32], seed: int) -> list[int]:
    generator = random_generator(seed, "other grounds")
    return [int(generator.choice(np.flatnonzero(targets != t))) for t in targets]


def _drop(as_is: Flags, swapped: Flags) -> Fact:
    lost, won = int(np.sum(as_is & ~swapped)), int(np.sum(swapped & ~as_is))
    # Second minus first: what is lost is the other way round.
    interval = difference_interval(won, lost, len(as_is))
    text = (
        f"{100 * interval.value:.2f} points of accuracy (95 % interval "
        f"{100 * interval.low:.2f} to {100 * interval.high:.2f}) on the ground of "
        f"another class ({len(as_is):,} pictures)"
    )
    return Fact(
        name="background_drop", value=interval.value, text=text, interval=interval
    )


def _table(right: Mapping[str, Flags], frequent: float) -> Table:
    rows = []
    for name, flags in right.items():
        share = wilson_interval(int(flags.sum()), len(flags))
        rows.append(
            (name, f"{share.value:.1%}", f"{share.low:.1%} to {share.high:.1%}")
        )
    count = len(right[AS_IS])
    return Table(
        title="Accuracy by background",
        columns=("pictures", "accuracy", "95 % interval"),
        rows=tuple(rows),
        note=f"On {count:,} pictures whose thing is marked; {frequent:.1%} of them are "
        "of the most frequent class. Where a thing was, the mean color of its ground "
        "is shown; its outline may still tell something. After Xiao et al. (2021).",
    )


def _findings(right: Mapping[str, Flags], frequent: float) -> list[Finding]:
    ground = right[GROUND]
    share = wilson_interval(int(ground.sum()), len(ground))
    if share.low <= frequent:
        return []
    message = (
        f"The ground alone, without the thing, is answered right in {share.value:.1%} "
        f"({frequent:.1%} by always naming the most frequent class): the model knows "
        "classes by where they stand. Look at the pictures of each class for grounds "
        "that give it away."
    )
    return [Finding(severity="warning", message=message)]


def _gallery(some: Batch, shown: Mapping[str, Pixels]) -> Gallery:
    return Gallery(
        title="One picture on other grounds",
        tiles=tuple(
            Tile(image_id=some.ids[0], caption=name, png_base64=png_base64(pixels[0]))
            for name, pixels in shown.items()
        ),
        note="As the network sees it.",
    )


def _unmeasured(count: int, why: str = "whose thing is marked") -> Parts:
    message = (
        f"Backgrounds were not measured: there are {count:,} test pictures {why}, and "
        f"it takes {FEWEST_PICTURES} of two classes. Boxes or outlines come with COCO, "
        "YOLO, Pascal VOC, Label Studio, or a manifest."
    )
    return Parts((), findings=(Finding(severity="warning", message=message),))
