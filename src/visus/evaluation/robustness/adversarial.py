"""Accuracy under attack: what is left of it when changes are sought, not drawn."""

import numpy as np

from visus.core.progress import Progress, SilentProgress
from visus.core.report import Fact, Finding, Gallery, Table, Tile
from visus.data.batches import Batch
from visus.data.encode import png_base64
from visus.evaluation.parts import Parts, Tested
from visus.evaluation.robustness.attacks import (
    LEVELS,
    NOISE,
    Attacker,
    Attacks,
    Flags,
    Fought,
    Pixels,
    Victim,
    piece_size,
)
from visus.evaluation.robustness.corruptions import sampled
from visus.tasks.intervals import wilson_interval

SHOWN = 6
# Of the accuracy on pictures as they are: below it an attack is called harmful.
HARMFUL = 0.5


def measure_attacks(
    tested: Tested, victim: Victim, attacks: Attacks, progress: Progress | None = None
) -> Parts:
    """Facts, findings, a table and a gallery; all attacks have the same pictures.

    Args:
        tested: answers of one class each.
        victim: what answers, and which way its loss rises.
        attacks: what is tried.
        progress: who is told.
    """
    fights = fights_of(tested.test, victim, attacks, progress)
    return Parts(
        facts=[fights.fact(name) for name in attacks.names],
        findings=fights.findings(),
        tables=(fights.table(),),
        figures=fights.figures(tested.predictions.class_names),
    )


def fights_of(
    test: Batch, victim: Victim, attacks: Attacks, progress: Progress | None = None
) -> "Fights":
    """Attack some of these pictures; noise and FGSM are tried whatever is asked for.

    Args:
        test: pictures with known classes; some are drawn where there are more.
        victim: what answers, and which way its loss rises.
        attacks: what is tried.
        progress: who is told.
    """
    some, progress = sampled(test, attacks.pictures), progress or SilentProgress()
    pixels, targets = np.asarray(some.pixels[:]), some.targets
    size = piece_size(pixels.shape[1:])
    # Noise for the baseline, and FGSM to hold PGD against.
    names = dict.fromkeys((NOISE, "fgsm", *attacks.names))
    cleans, blinds = [], []
    found: dict[str, list[Fought]] = {name: [] for name in names}
    pieces = range(0, len(pixels), size)
    ticks = len(names) + ("pgd" in names) * (attacks.steps * attacks.starts - 1) + 1
    with progress.stage("Attacking pictures", len(pieces) * ticks):
        for number, first in enumerate(pieces):
            rows = slice(first, first + size)
            attacker = Attacker(
                victim, pixels[rows], targets[rows], attacks, number, progress.advance
            )
            cleans.append(attacker.clean)
            blinds.append(attacker.blind)
            for name in names:
                found[name].append(attacker.fight(name))
    joined = {name: Fought.joined(parts) for name, parts in found.items()}
    blind = np.concatenate(blinds)
    return Fights(some, attacks, Fought.joined(cleans), blind, joined)


class Fights:
    """All that happened to the pictures.

    Args:
        some: the pictures.
        attacks: what was tried.
        clean: the answers to the pictures as they are.
        blind: where gradients say nothing `(num_images,)`.
        found: by attack, what it did; noise among them.
    """

    def __init__(
        self,
        some: Batch,
        attacks: Attacks,
        clean: Fought,
        blind: Flags,
        found: dict[str, Fought],
    ) -> None:
        self.some, self.attacks, self.clean = some, attacks, clean
        self.blind, self.found = blind, found
        self.budget = attacks.budget_for(some.pixels.shape[1:])

    def right(self, name: str) -> Flags:
        """Which pictures are still answered right `(num_images,)`."""
        return np.asarray(self.found[name].answers == self.some.targets)

    @property
    def right_as_is(self) -> Flags:
        """Which are answered right as they are `(num_images,)`."""
        return np.asarray(self.clean.answers == self.some.targets)

    def fact(self, name: str) -> Fact:
        """The accuracy under one attack, with all that it depends on."""
        right = self.right(name)
        interval = wilson_interval(int(right.sum()), len(right))
        how = f"{name.upper()} within {self.budget}/{LEVELS}"
        if name == "pgd":
            steps, starts = self.attacks.steps, self.attacks.starts
            plural = "s" if starts > 1 else ""
            how += f", {steps} steps, {starts} start{plural}"
        text = (
            f"{interval.value:.2%} (95 % interval {interval.low:.2%} to "
            f"{interval.high:.2%}) by {how}; {self.right_as_is.mean():.2%} as they are "
            f"({len(right):,} pictures)"
        )
        return Fact(
            name=f"{name}_accuracy", value=interval.value, text=text, interval=interval
        )

    def table(self) -> Table:
        """A row an attack, beside pictures as they are and noise."""
        rows = [self._row("none", self.clean, self.right_as_is, ("", "", ""))]
        for name, fought in self.found.items():
            steps = ("1", str(self.budget), "")
            if name == "pgd":
                size = self.attacks.step_size(self.budget)
                steps = (
                    str(self.attacks.steps),
                    str(size),
                    str(self.attacks.starts),
                )
            rows.append(self._row(name, fought, self.right(name), steps))
        columns = ("attack", "steps", "step", "starts", "accuracy", "95 % interval")
        told = ("gets a label",) if self.clean.said is not None else ()
        return Table(
            title="Accuracy under attack",
            columns=(*columns, *told),
            rows=tuple(rows),
            note=f"On the same {len(self.some):,} pictures; every value of a pixel may "
            f"move by {self.budget} of {LEVELS} levels (L-infinity), steps are in "
            "levels, pictures stay 8-bit ones, and the shipped graph answers. A "
            "picture that is wrong as it is counts as wrong. What an attack does not "
            "find another may: these are upper bounds of the robustness. Attacks do "
            "not try to get a label. FGSM: Goodfellow et al., 2015; PGD: Madry et al., "
            "2018; noise: the budget up or down by chance.",
        )

    @property
    def _worst(self) -> str:
        return min(self.attacks.names, key=lambda name: self.right(name).sum())

    def _row(
        self, name: str, fought: Fought, right: Flags, steps: tuple[str, str, str]
    ) -> tuple[str, ...]:
        interval = wilson_interval(int(right.sum()), len(right))
        row = (
            name,
            *steps,
            f"{interval.value:.1%}",
            f"{interval.low:.1%} to {interval.high:.1%}",
        )
        return row if fought.said is None else (*row, f"{fought.said.mean():.1%}")

    def findings(self) -> list[Finding]:
        """What makes the figures doubtful, and what they mean."""
        said = [*self._doubts(), *self._harm()]
        return [Finding(severity="warning", message=message) for message in said]

    def _doubts(self) -> list[str]:
        """Signs that gradients are masked: attacks by them then prove nothing."""
        said = []
        noise, one = self.right(NOISE).sum(), self.right("fgsm").sum()
        sought = min(self.right(name).sum() for name in self.found if name != NOISE)
        if noise < self.right_as_is.sum() and noise <= sought:
            said.append(
                f"Noise by chance of {self.budget} levels fools as many pictures as "
                "attacks do: the gradients of this network tell nothing, or the budget "
                "is so large that any change will do. Accuracy under attack is no "
                "measure of robustness here."
            )
        if "pgd" in self.found and self.right("pgd").sum() > one:
            said.append(
                "PGD fools fewer pictures than FGSM, which a search of many steps "
                "should not: gradients are masked, or steps too few. Ask for more: "
                f"--attack-steps {2 * self.attacks.steps}."
            )
        if self.blind.any():
            said.append(
                f"The gradient of {int(self.blind.sum()):,} of {len(self.blind):,} "
                "pictures is zero: an attack by gradients cannot see them, and they "
                "count as withstood."
            )
        return said

    def _harm(self) -> list[str]:
        worst = self._worst
        left, whole = self.right(worst).mean(), self.right_as_is.mean()
        if left >= HARMFUL * whole:
            return []
        return [
            f"{left:.1%} of pictures are still right when {worst.upper()} changes each "
            f"value by up to {self.budget} of {LEVELS} levels; {whole:.1%} are as they "
            "are. Do not use the model where somebody gains by fooling it."
        ]

    def figures(self, names: tuple[str, ...]) -> list[Gallery]:
        """Some pictures that were fooled, before and after."""
        worst = self._worst
        fooled = np.flatnonzero(self.right_as_is & ~self.right(worst))
        if not len(fooled):
            return []
        # From all over the test, which is often in order of classes.
        shown = np.linspace(0, len(fooled) - 1, min(SHOWN, len(fooled))).astype(int)
        after = self.found[worst]
        tiles = []
        for row in fooled[shown]:
            image_id, pixels = self.some.ids[row], np.asarray(self.some.pixels[row])
            for heading, picture, answer in (
                ("as it is", pixels, self.clean.answers[row]),
                ("attacked", after.pixels[row], after.answers[row]),
            ):
                caption = f"{heading}: {names[answer]}"
                tiles.append(_tile(image_id, caption, picture))
        note = f"Each before and after {worst.upper()} within {self.budget} levels."
        return [Gallery(title="Fooled", tiles=tuple(tiles), note=note)]


def _tile(image_id: str, caption: str, pixels: Pixels) -> Tile:
    return Tile(image_id=image_id, caption=caption, png_base64=png_base64(pixels))
