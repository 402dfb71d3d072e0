"""Attacks: the worst change of a picture that a search within a budget finds.

All of it happens in whole levels of uint8 pixels, so every attacked picture is one that
could be saved as a file, and what counts is what the shipped graph says of it. Only the
direction to go is asked of the network's gradients.

- fgsm: one step as far as the budget allows, along the sign of the gradient
  (Goodfellow, Shlens and Szegedy, "Explaining and harnessing adversarial examples",
  2015).
- pgd: several small steps, each brought back into the budget, from starts drawn in it
  (Madry et al., "Towards deep learning models resistant to adversarial attacks", 2018).
- noise: the budget up or down by chance, for a baseline: gradients that find no more
  than chance are masked (Athalye, Carlini and Wagner, "Obfuscated gradients give a
  false sense of security", 2018).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import ConfigError, unknown_name
from visus.core.seeds import random_generator
from visus.evaluation.robustness.corruptions import Answer

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Numbers = NDArray[np.int32]
Flags = NDArray[np.bool_]
# From prepared pixels and true classes to which way the loss rises, by pixel.
Gradient = Callable[[Pixels, Numbers], Floats]

LEVELS = 255
ATTACKS = ("fgsm", "pgd")
NOISE = "noise"
# Small gray pictures as MNIST bear 0.3 of the range (Madry et al., 2018), all others
# 8 levels of 255.
SMALL_SIDE, SMALL_GRAY_BUDGET, USUAL_BUDGET = 64, 76, 8
STEPS, STARTS, PICTURES = 20, 2, 300
# Steps go 2.5 times as far as the budget's edge (Madry et al., 2018).
REACH = 2.5
# Pictures at a time: a gradient keeps all that the layers gave.
PIECE_PLACES, MOST_PIECE = 2**20, 256


@dataclass(frozen=True)
class Attacks:
    """What is tried.

    Args:
        names: of `ATTACKS`; none: nothing is tried.
        budget: how far each value of a pixel may move (L-infinity), in levels of 255;
            `None`: by `default_budget`.
        steps: of pgd, a start.
        starts: starts of pgd.
        pictures: at most; drawn where there are more.
        seed: of starts and noise.
    """

    names: tuple[str, ...] = ()
    budget: int | None = None
    steps: int = STEPS
    starts: int = STARTS
    pictures: int = PICTURES
    seed: int = 0

    def require_valid(self) -> None:
        """Refuse, with a `ConfigError`, what is no attack."""
        for name in self.names:
            if name not in ATTACKS:
                raise unknown_name("attack", name, ATTACKS)
        least = min(self.steps, self.starts, self.pictures, self.budget or 1)
        if least >= 1 and (self.budget is None or 1 <= self.budget <= LEVELS):
            return
        raise ConfigError(
            received=f"A budget of {self.budget}, {self.steps} steps, {self.starts} "
            f"starts and {self.pictures} pictures.",
            expected=f"a budget of 1 to {LEVELS} levels, and at least one of the rest.",
            remedy="Leave out what you do not need: the defaults are stated.",
        )

    def budget_for(self, shape: tuple[int, ...]) -> int:
        """In levels, for pictures of `(height, width, channels)`."""
        return default_budget(shape) if self.budget is None else self.budget

    def step_size(self, budget: int) -> int:
        """Levels that one step of pgd goes."""
        return max(1, round(REACH * budget / self.steps))


@dataclass(frozen=True)
class Victim:
    """What is attacked.

    Args:
        answer: what is shipped: from prepared pixels to scores.
        gradient: of its network.
    """

    answer: Answer
    gradient: Gradient


@dataclass(frozen=True)
class Fought:
    """What an attack did to some pictures.

    Args:
        pixels: uint8, each as it fooled the model, or as it was tried last.
        answers: the class numbers that are answered `(num_images,)`.
        said: whether a picture gets a label at all; `None`: not known.
    """

    pixels: Pixels
    answers: NDArray[np.intp]
    said: Flags | None

    @classmethod
    def joined(cls, parts: Sequence["Fought"]) -> "Fought":
        """All pictures of all parts, in their order."""
        said = [part.said for part in parts if part.said is not None]
        return cls(
            np.concatenate([part.pixels for part in parts]),
            np.concatenate([part.answers for part in parts]),
            np.concatenate(said) if said else None,
        )


def default_budget(shape: tuple[int, ...]) -> int:
    """Levels of 255, for pictures of `(height, width, channels)`.

    Example:
        >>> default_budget((28, 28, 1)), default_budget((224, 224, 3))
        (76, 8)
    """
    height, width, channels = shape
    small = channels == 1 and max(height, width) <= SMALL_SIDE
    return SMALL_GRAY_BUDGET if small else USUAL_BUDGET


def piece_size(shape: tuple[int, ...]) -> int:
    """Pictures of `(height, width, channels)` that are attacked at once."""
    height, width, _ = shape
    return max(1, min(MOST_PIECE, PIECE_PLACES // (height * width)))


@dataclass(frozen=True)
class Room:
    """The pictures within a budget of some others.

    Args:
        low: the least values, int16 `(num_images, height, width, channels)`.
        high: the largest, of the same shape.
    """

    low: NDArray[np.int16]
    high: NDArray[np.int16]

    @classmethod
    def around(cls, pixels: Pixels, budget: int) -> "Room":
        """The budget in levels, and no further than pixels go."""
        middle = pixels.astype(np.int16)
        return cls(np.maximum(middle - budget, 0), np.minimum(middle + budget, 255))

    def drawn(self, generator: np.random.Generator) -> Pixels:
        """One picture in it each, every level as likely."""
        values = generator.integers(self.low, self.high, endpoint=True, dtype=np.int16)
        return values.astype(np.uint8)

    def take(self, rows: NDArray[np.intp]) -> "Room":
        """Of the pictures at these positions."""
        return Room(self.low[rows], self.high[rows])

    def step(
        self, current: Pixels, direction: NDArray[np.floating], levels: int
    ) -> Pixels:
        """Pictures so far along the signs of a direction, brought back in here."""
        signs = np.sign(direction).astype(np.int16)
        there = current.astype(np.int16) + np.int16(levels) * signs
        inside: NDArray[np.int16] = np.clip(there, self.low, self.high)
        return inside.astype(np.uint8)


class Attacker:
    """Attacks some pictures that are few enough to be held at once.

    Args:
        victim: what is attacked.
        pixels: uint8 `(num_images, height, width, channels)`.
        targets: their true classes' numbers `(num_images,)`.
        attacks: how.
        piece: the number of these pictures among others, for draws of their own.
        tick: called after each step.
    """

    def __init__(
        self,
        victim: Victim,
        pixels: Pixels,
        targets: Numbers,
        attacks: Attacks,
        piece: int = 0,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self.victim, self.pixels, self.targets = victim, pixels, targets
        self.attacks, self.piece, self.tick = attacks, piece, tick
        self.budget = attacks.budget_for(pixels.shape[1:])
        self.room = Room.around(pixels, self.budget)
        self.clean = self._asked(pixels)
        self.right = self.clean.answers == targets
        # The direction at the pictures as they are, which one step goes by.
        self.gradient = victim.gradient(pixels, targets)
        tick()

    @property
    def blind(self) -> Flags:
        """Where that direction is zero for every pixel `(num_images,)`."""
        return np.asarray(~self.gradient.any(axis=(1, 2, 3)))

    def fight(self, name: str) -> Fought:
        """What one attack, or `NOISE`, does; what is wrong already stays as it is."""
        if name == "pgd":
            return self._pgd()
        direction = self.gradient if name == "fgsm" else self._coins()
        there = self.room.step(self.pixels, direction, self.budget)
        there[~self.right] = self.pixels[~self.right]
        fought = self._asked(there)
        self.tick()
        return fought

    def _pgd(self) -> Fought:
        attacks, tried = self.attacks, self.pixels.copy()
        levels = attacks.step_size(self.budget)
        standing = np.flatnonzero(self.right)
        for start in range(attacks.starts):
            current = self.room.drawn(self._generator("pgd", start))[standing]
            for _ in range(attacks.steps):
                if len(standing):
                    towards = self.victim.gradient(current, self.targets[standing])
                    room = self.room.take(standing)
                    current = room.step(current, towards, levels)
                    tried[standing] = current
                    answers = self._asked(current).answers
                    right = answers == self.targets[standing]
                    # Who is fooled once need not be fooled again.
                    standing, current = standing[right], current[right]
                self.tick()
        return self._asked(tried)

    def _asked(self, pixels: Pixels) -> Fought:
        scores, judged = self.victim.answer(pixels)
        said = None if judged is None else judged.answered
        return Fought(pixels, scores.argmax(axis=1), said)

    def _coins(self) -> NDArray[np.floating]:
        draws = self._generator(NOISE).integers(0, 2, self.pixels.shape, dtype=np.int8)
        return (2 * draws - 1).astype(np.float32)

    def _generator(self, purpose: str, number: int = 0) -> np.random.Generator:
        return random_generator(
            self.attacks.seed, f"attack {purpose}", self.piece, number
        )
