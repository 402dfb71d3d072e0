"""Pictures from elsewhere: how far they are from the model's own, without labels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.bundles.judged import Judged
from visus.core.report import Fact, Finding, Gallery, Table
from visus.core.seeds import random_generator
from visus.data.batches import Batch
from visus.evaluation.gallery import tile
from visus.evaluation.parts import Parts
from visus.tasks.intervals import wilson_interval
from visus.tasks.ranking import area_under_roc

Floats = NDArray[np.float32]
Values = NDArray[np.float64]

# Pictures of a side: more tell the same, and the solver takes their cube.
MOST_PICTURES = 1_000
FEWEST_PICTURES = 20
PARTS = 5
SHOWN = 8
# Above it, whatever is told of own pictures says little of others.
FAR = 0.8


@dataclass(frozen=True)
class Side:
    """Pictures of one place, as a model sees them.

    Args:
        pictures: with targets where they are known, -1 elsewhere.
        scores: calibrated `(num_images, num_classes)`.
        features: `(num_images, num_features)`; `None` where the network tells none.
        judged: what can be said of them; `None`: not known.
    """

    pictures: Batch
    scores: Floats
    features: Floats | None
    judged: Judged | None

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def labelled(self) -> NDArray[np.intp]:
        """Positions of the pictures whose class is known."""
        return np.flatnonzero(self.pictures.targets >= 0)

    def right(self, scores: Floats | None = None) -> NDArray[np.bool_]:
        """Which of the labelled are answered right, by these scores or its own."""
        answers = (self.scores if scores is None else scores).argmax(axis=1)
        rows = self.labelled
        return np.asarray(answers[rows] == self.pictures.targets[rows])


def measure_shift(own: Side, other: Side, *, seed: int = 0) -> Parts:
    """How far the others are, a table of both sides, and the others that stand out.

    Args:
        own: pictures of the model's kind that it has not learned from.
        other: pictures from elsewhere.
        seed: of what is drawn.
    """
    table = _table(own, other)
    if own.features is None or other.features is None:
        return _unmeasured(table, "the network tells no features")
    if min(len(own), len(other)) < FEWEST_PICTURES:
        return _unmeasured(table, f"it takes {FEWEST_PICTURES} pictures of both")
    rows, told = told_apart(own.features, other.features, seed)
    count = len(rows)
    # The variance of this area is at most that of a share of so many (Birnbaum and
    # Klose, 1957), so the interval is no narrower than it may be.
    area = area_under_roc(told[:count], told[count:])
    interval = wilson_interval(area * count, count)
    text = (
        f"{area:.3f} (95 % interval {interval.low:.3f} to {interval.high:.3f}): how "
        "surely features tell them from the model's own; 0.5 is not at all, 1 is "
        f"always ({count:,} pictures of each)"
    )
    return Parts(
        (Fact(name="domain_auroc", value=area, text=text, interval=interval),),
        findings=_findings(interval.low, area),
        tables=(table,),
        figures=(_gallery(other, rows, told[count:]),),
    )


def told_apart(
    own: Floats, other: Floats, seed: int = 0
) -> tuple[NDArray[np.intp], Values]:
    """A classifier two-sample test: can a linear classifier tell two sides apart?

    Lopez-Paz and Oquab, "Revisiting classifier two-sample tests" (2017). The classifier
    is ridge regression on standardised features, as strongly bound as there are
    features, and each fifth of the pictures is scored by what the others taught it.

    Args:
        own: features `(num_own, num_features)`.
        other: the like; of the larger side as many are drawn as the smaller has.
        seed: of the draws.

    Returns:
        which of the others were drawn, and scores of as many own and then of these,
        the larger the more likely one of the others.
    """
    count = min(len(own), len(other), MOST_PICTURES)
    drawn = [
        random_generator(seed, "two samples", number).permutation(len(side))[:count]
        for number, side in enumerate((own, other))
    ]
    features = np.concatenate([own[drawn[0]], other[drawn[1]]]).astype(np.float64)
    sides = np.repeat([-1.0, 1.0], count)
    # As many of each side in every part.
    part = np.tile(np.arange(count) % PARTS, 2)
    scores = np.empty(2 * count)
    for held in range(PARTS):
        taught = part != held
        scores[~taught] = _ridge(features[taught], sides[taught], features[~taught])
    return drawn[1], scores


def _ridge(features: Values, sides: Values, asked: Values) -> Values:
    middle, spread = features.mean(axis=0), features.std(axis=0)
    spread = np.where(spread > 0, spread, 1)
    known, new = ((rows - middle) / spread for rows in (features, asked))
    bound = known.shape[1] * np.eye(len(known))
    solved = np.linalg.solve(known @ known.T + bound, sides - sides.mean())
    return np.asarray(new @ (known.T @ solved))


def _table(own: Side, other: Side) -> Table:
    sides = (own, other)
    judged = [side.judged for side in sides if side.judged is not None]
    rows: list[tuple[str, ...]] = [
        ("pictures", *(f"{len(side):,}" for side in sides)),
        ("mean confidence", *(f"{s.scores.max(axis=1).mean():.1%}" for s in sides)),
    ]
    if len(judged) == len(sides):
        rows += [
            ("called unknown", *(_share(told.unknown) for told in judged)),
            ("unsure", *(_share(told.unsure) for told in judged)),
        ]
    labelled = len(other.labelled)
    if labelled:
        rows.append(("accuracy", *(_share(side.right()) for side in sides)))
    return Table(
        title="Pictures from elsewhere",
        columns=("figure", "own", "from elsewhere"),
        rows=tuple(rows),
        note="own: the test, which the model has not learned from. "
        + (
            f"Accuracy elsewhere by the {labelled:,} labels that there are."
            if labelled
            else "The others have no labels that the model knows: nothing is said of "
            "how many are answered right."
        ),
    )


def _share(which: NDArray[np.bool_]) -> str:
    share = wilson_interval(int(which.sum()), len(which))
    return f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%})"


def _unmeasured(table: Table, reason: str) -> Parts:
    message = f"How far the pictures from elsewhere are was not measured: {reason}."
    finding = Finding(severity="info", message=message)
    return Parts((), findings=(finding,), tables=(table,))


def _findings(low: float, area: float) -> list[Finding]:
    if low < FAR:
        return []
    message = (
        f"The pictures from elsewhere are another kind to this model (told apart in "
        f"{area:.0%} of pairs): its figures on its own pictures say little of them. "
        "Label some and evaluate on these; --adapt may help meanwhile."
    )
    return [Finding(severity="warning", message=message)]


def _gallery(other: Side, rows: NDArray[np.intp], told: Values) -> Gallery:
    order = np.argsort(-told, kind="stable")[:SHOWN]
    return Gallery(
        title="Least like the model's own",
        tiles=tuple(
            tile(other.pictures, rows[place], f"rank {number}")
            for number, place in enumerate(order, start=1)
        ),
        note="Of the pictures from elsewhere, those that are told apart most surely.",
    )
