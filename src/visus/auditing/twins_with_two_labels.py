"""twins-with-two-labels: one picture under two classes; one of them must be wrong."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from visus.auditing.base import BlockingCheck, Opinion
from visus.auditing.evidence import Account
from visus.auditing.twin_scores import copies, others, score_rows, worst_scores
from visus.core.settings import Settings


class TwoLabelsSettings(Settings):
    """When so many labels contradict each other that no score means much."""

    blocking_share: float = Field(
        0.01,
        gt=0,
        le=1,
        description="share of the pictures, as exact twins, that blocks",
    )


class TwinsWithTwoLabels(BlockingCheck[TwoLabelsSettings]):
    """Twins whose labels differ: exact ones are proof, near ones a strong hint."""

    settings_class = TwoLabelsSettings

    def judge(self, evidence: Account) -> Opinion:
        """0 for an exact twin under another label, 0.25 for a near one, else 1."""
        targets = evidence.told_apart
        scores = worst_scores(
            pair
            for pair in evidence.twins.pairs
            if _differ(targets[[pair.first, pair.second]])
        )
        proven = [rows for rows in copies(evidence) if _differ(targets[rows])]
        # Pairs join neighbours only; of three copies, the third may be the odd one.
        scores |= {row: 0.0 for rows in proven for row in rows}
        count = sum(map(len, proven))

        def caption(row: int) -> str:
            other = next(
                other
                for other in others(evidence, row)
                if targets[other] != targets[row]
            )
            mine, others_label = evidence.label(row), evidence.label(other)
            return f"{mine}; {others_label} in {evidence.id(other)}"

        return Opinion(
            scores=score_rows(len(evidence), scores),
            clause="which are there again under another label",
            caption=caption,
            together=evidence.units,
            blocking=count > self.settings.blocking_share * len(evidence),
        )


def _differ(targets: NDArray[np.int32]) -> bool:
    known = targets[targets >= 0]
    return len(set(known.tolist())) > 1
