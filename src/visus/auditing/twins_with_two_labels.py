"""twins-with-two-labels: one picture under two classes; one of them must be wrong."""

from pydantic import Field

from visus.auditing.base import Check, Opinion
from visus.auditing.evidence import Evidence
from visus.auditing.twin_scores import others, score_rows, worst_scores
from visus.core.settings import Settings


class TwoLabelsSettings(Settings):
    """When so many labels contradict each other that no score means much."""

    blocking_share: float = Field(
        0.01,
        gt=0,
        le=1,
        description="share of the pictures, as exact twins, that blocks",
    )


class TwinsWithTwoLabels(Check[TwoLabelsSettings]):
    """Twins whose labels differ: exact ones are proof, near ones a strong hint."""

    settings_class = TwoLabelsSettings

    def judge(self, evidence: Evidence) -> Opinion:
        """0 for an exact twin under another label, 0.25 for a near one, else 1."""
        targets = evidence.targets
        pairs = [
            pair
            for pair in evidence.twins.pairs
            if targets[pair.first] != targets[pair.second]
            and min(targets[pair.first], targets[pair.second]) >= 0
        ]
        scores = worst_scores(pairs)
        proven = sum(score == 0 for score in scores.values())

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
            blocking=proven > self.settings.blocking_share * len(evidence),
        )
