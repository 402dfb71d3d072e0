"""Costs of mistakes: what answers cost, and what those of the least cost would."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import ConfigError
from visus.core.report import Fact, Table
from visus.evaluation.parts import Parts, Tested
from visus.tasks.intervals import bootstrap

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Costs:
    """What each answer costs, by what is true.

    Args:
        matrix: `(num_classes, num_classes)`, a row a true class, a column an answer.
    """

    matrix: Values

    @classmethod
    def of(
        cls, rows: Mapping[str, Mapping[str, float]], names: tuple[str, ...]
    ) -> "Costs":
        """From costs by true class and answer; what is not given costs 1, right ones 0.

        Raises:
            ConfigError: a class is not the model's, or a cost is no finite number.
        """
        matrix = 1.0 - np.eye(len(names))
        place = {name: number for number, name in enumerate(names)}
        for true, answers in rows.items():
            for answer, cost in answers.items():
                for name in (true, answer):
                    if name not in place:
                        raise ConfigError(
                            received=f"A cost for the class {name!r}.",
                            expected=f"only the classes {', '.join(names[:20])}.",
                            remedy="Write them as the model does; see `visus "
                            "evaluate` for its classes.",
                        )
                if not np.isfinite(cost):
                    raise ConfigError(
                        received=f"A cost of {cost} for {answer!r} where {true!r} is.",
                        expected="a finite number.",
                        remedy="Correct that cell.",
                    )
                matrix[place[true], place[answer]] = cost
        return cls(matrix)

    def cheapest(self, scores: NDArray[np.floating]) -> NDArray[np.intp]:
        """Class numbers of the least expected cost `(num_images,)`.

        Elkan, "The foundations of cost-sensitive learning" (2001).

        Args:
            scores: calibrated probabilities `(num_images, num_classes)`.
        """
        return np.asarray((scores.astype(np.float64) @ self.matrix).argmin(axis=1))


def measure_costs(tested: Tested, costs: Costs) -> Parts:
    """The mean cost of the best classes, and of the cheapest answers, on the test."""
    targets, predictions = tested.test.targets, tested.predictions
    cheapest = costs.cheapest(predictions.scores)
    usual = costs.matrix[targets, predictions.answer_numbers]
    least = costs.matrix[targets, cheapest]
    weights = tested.test.weights
    found = bootstrap(
        lambda w: {
            "usual": float(np.average(usual, weights=w)),
            "least": float(np.average(least, weights=w)),
            "saved": float(np.average(usual - least, weights=w)),
        },
        weights,
        tested.units,
    )
    rows = []
    for label, key in (
        ("the best class", "usual"),
        ("the answer of the least expected cost", "least"),
        ("saved by that", "saved"),
    ):
        interval = found[key]
        told = f"{interval.low:.4g} to {interval.high:.4g}"
        rows.append((label, float(f"{interval.value:.5g}"), told))
    changed = float((cheapest != predictions.answer_numbers).mean())
    usual_interval = found["usual"]
    text = (
        f"{usual_interval.value:.4g} a picture ({usual_interval.low:.4g} to "
        f"{usual_interval.high:.4g}); {found['least'].value:.4g} by the answers of the "
        "least expected cost"
    )
    return Parts(
        (
            Fact(
                name="cost",
                value=usual_interval.value,
                text=text,
                interval=usual_interval,
            ),
        ),
        tables=(
            Table(
                title="Costs",
                columns=("answer", "cost a picture", "95 % interval"),
                rows=tuple(rows),
                note=f"The least expected cost changes {changed:.2%} of the answers.",
            ),
        ),
    )
