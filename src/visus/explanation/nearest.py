"""nearest: the pictures it learned from that look most alike to the network."""

from collections.abc import Iterable
from typing import final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from visus.core.settings import Settings
from visus.data.records import target_text
from visus.explanation.base import Plate, Plates, PlatesExplainer, Subject
from visus.explanation.known import KnownPictures


class NearestSettings(Settings):
    """How many."""

    count: int = Field(5, ge=1, le=20, description="pictures in each row")


@final
class Nearest(PlatesExplainer[NearestSettings]):
    """Nearest neighbours in the space of features, by the cosine between them.

    As Caruana et al., "Case-Based Explanation of Non-Case-Based Learning Methods"
    (1999); the second row holds the nearest of other classes, the counterfactual
    neighbours ("nearest unlike neighbours", Dasarathy, 1995).
    """

    settings_class = NearestSettings

    def explain(self, subject: Subject) -> Plates:
        """Two rows: the nearest of all, and the nearest of another class."""
        known = subject.pictures()
        distances = known.distances(subject.pixels)
        labels = np.array([target_text(record.target) for record in known.records])
        order = np.argsort(distances, kind="stable")
        nearest = order[: self.settings.count].tolist()
        # Of another class than most of the nearest: what it might have been instead.
        names, counts = np.unique(labels[nearest], return_counts=True)
        here = names[counts.argmax()]
        others = [row for row in order.tolist() if labels[row] != here]
        rows = [("nearest of all", _plates(known, nearest, distances, labels))]
        if others:
            rows.append(
                (
                    f"not {here}",
                    _plates(known, others[: len(nearest)], distances, labels),
                )
            )
        return Plates(
            rows=tuple(rows),
            notes=(
                f"Among {len(labels):,} pictures that the model learned from. "
                "Distance: 1 less the cosine between features; 0 is the same to it.",
            ),
        )


def _plates(
    known: KnownPictures,
    rows: Iterable[int],
    distances: NDArray[np.float32],
    labels: NDArray[np.str_],
) -> tuple[Plate, ...]:
    return tuple(
        Plate(
            pixels=known.pixels(row),
            heading=str(labels[row]),
            caption=(f"distance {distances[row]:.3f}", known.records[row].id),
        )
        for row in rows
    )
