"""The proof that what was written is the bundle: the same answers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles import Bundle
from visus.core.errors import ModelError
from visus.core.seeds import random_generator
from visus.data.batches import Pixels
from visus.exporting.base import Floats, Runtime

# Beside the golden pictures of the bundle.
FURTHER_PICTURES = 32
# Where two classes are closer than rounding, the bundle itself has no first one.
TIE = 1e-6


@dataclass(frozen=True)
class Proof:
    """How the written model answers beside the bundle.

    Args:
        runtime: what ran it.
        pictures: on how many pictures.
        pictures_from: where they come from, in words.
        largest_difference: of any score; of numbers, in spreads of the training
            targets.
        tolerance: what it may be.
        same_answers: share of the pictures with the same answer.
    """

    runtime: Runtime
    pictures: int
    pictures_from: str
    largest_difference: float
    tolerance: float
    same_answers: float

    @property
    def holds(self) -> bool:
        """Whether the two are one model; a difference that is no number is none."""
        return self.largest_difference <= self.tolerance and self.same_answers == 1

    def to_json(self) -> dict[str, Any]:
        """As `visus export --json` prints it."""
        return {
            "runtime": vars(self.runtime),
            "pictures": self.pictures,
            "pictures_from": self.pictures_from,
            "largest_difference": self.largest_difference,
            "tolerance": self.tolerance,
            "same_answers": self.same_answers,
        }

    def __str__(self) -> str:
        return (
            f"{self.runtime} answers {self.pictures} pictures ({self.pictures_from}) "
            f"alike: scores differ by at most {self.largest_difference:.1e} "
            f"(allowed: {self.tolerance:.0e}), {self.same_answers:.0%} of the answers "
            "are the same"
        )


@dataclass(frozen=True)
class Question:
    """Pictures, and what the bundle answers.

    Args:
        pixels: uint8 `(num_images, height, width, channels)`.
        scores: of the bundle `(num_images, num_outputs)`.
        pictures_from: where the pictures come from, in words.
    """

    pixels: Pixels
    scores: Floats
    pictures_from: str


def question(bundle: Bundle, given: Pixels | None = None) -> Question:
    """The golden pictures and 32 more, with the bundle's answers.

    Args:
        bundle: what was exported.
        given: prepared pictures of the user's; `None`: made ones.
    """
    golden = bundle.contents.golden["pixels"]
    if given is None:
        further, words = made_pictures(golden, FURTHER_PICTURES), "made"
    else:
        further, words = given[:], "given"
    pixels = np.concatenate([golden, further])
    return Question(
        pixels, bundle.scores(pixels), f"{len(golden)} golden, {len(further)} {words}"
    )


def compare(
    bundle: Bundle,
    asked: Question,
    scores: Floats,
    runtime: Runtime,
    tolerance: float,
) -> Proof:
    """Hold what the written model answers against the bundle."""
    if scores.shape != asked.scores.shape:
        difference, same = float("inf"), 0.0
    else:
        # NaN anywhere stays NaN, and no tolerance allows it.
        apart = np.abs(scores - asked.scores)
        difference = float(apart.max(initial=0.0)) / bundle.task.head.scale
        same = float(same_answers(bundle, asked.scores, scores).mean())
    return Proof(
        runtime=runtime,
        pictures=len(asked.pixels),
        pictures_from=asked.pictures_from,
        largest_difference=difference,
        tolerance=tolerance,
        same_answers=same,
    )


def require_proof(to: str, proof: Proof) -> None:
    """Refuse what is not proved.

    Raises:
        ModelError: the two answer differently.
    """
    if not proof.holds:
        raise ModelError(
            received=f"What {proof.runtime} makes of the {to} export is another model: "
            f"of {proof.pictures} pictures, {proof.same_answers:.0%} get the same "
            f"answer, and scores differ by up to {proof.largest_difference:.2g}.",
            expected="the same answers, and scores that differ by at most "
            f"{proof.tolerance:g}.",
            remedy="Nothing was written. Choose another format, or other versions of "
            "its packages; see `visus export --list`.",
        )


def made_pictures(golden: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """Pictures that need no file, the same ones every time.

    Half are golden pictures mirrored and made darker or brighter, so that the network
    sees what it knows; half are colored blots, so that it sees what it does not.

    Args:
        golden: uint8 `(num_golden, height, width, channels)`; may be none.
        count: how many to make.
    """
    known = count // 2 if len(golden) else 0
    pictures = [_changed(golden[row % len(golden)], row) for row in range(known)]
    shape = golden.shape[1:]
    pictures += [_blots((shape[0], shape[1], shape[2]), n) for n in range(known, count)]
    return np.stack(pictures)


def _changed(picture: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    draw = random_generator(0, "export proof", number)
    gain, shift = draw.uniform(0.5, 1.5), draw.uniform(-40, 40)
    mirrored = picture[:, ::-1].astype(np.float64)
    return np.clip(mirrored * gain + shift, 0, 255).round().astype(np.uint8)


def _blots(shape: tuple[int, int, int], number: int) -> NDArray[np.uint8]:
    """Noise of a few pixels, enlarged bilinearly to the shape."""
    height, width, channels = shape
    draw = random_generator(0, "export proof", number)
    coarse = draw.uniform(0, 255, (5, 5, channels))
    for axis, side in enumerate((height, width)):
        places = np.linspace(0, 4, side)
        before = np.minimum(places.astype(int), 3)
        share = (places - before).reshape((side, 1) if axis else (side, 1, 1))
        low, high = (np.take(coarse, before + step, axis=axis) for step in (0, 1))
        coarse = low * (1 - share) + high * share
    return coarse.round().astype(np.uint8)


def same_answers(bundle: Bundle, ours: Floats, theirs: Floats) -> NDArray[np.bool_]:
    """Which pictures get the same answer by two scores `(num_images, num_outputs)`."""
    if bundle.task.kind == "single-label":
        chosen = np.take_along_axis(ours, theirs.argmax(axis=1)[:, None], axis=1)[:, 0]
        return np.asarray(chosen >= ours.max(axis=1) - TIE)
    if bundle.task.kind == "numeric":
        # A number is as right as it is near, which the tolerance says.
        return np.ones(len(ours), dtype=bool)
    answers = zip(bundle.task.answers(ours), bundle.task.answers(theirs), strict=True)
    return np.array([one == other for one, other in answers], dtype=bool)
