"""near-duplicates: pictures that are another one, changed a little."""

from visus.auditing.base import Check, NoSettings, Opinion
from visus.auditing.evidence import Evidence
from visus.auditing.twin_scores import others, score_rows, worst_scores


class NearDuplicates(Check[NoSettings]):
    """Both pictures of every near pair: which one is better, a person must say."""

    def judge(self, evidence: Evidence) -> Opinion:
        """0.25 for a picture with a near twin, 1 for any other."""
        pairs = [pair for pair in evidence.twins.pairs if pair.kind == "near"]

        def caption(row: int) -> str:
            return f"near {evidence.id(others(evidence, row)[0])}"

        return Opinion(
            scores=score_rows(len(evidence), worst_scores(pairs)),
            clause="which are another one, resized, cropped, recolored or the like",
            caption=caption,
            together=evidence.units,
            severity="info",
        )
