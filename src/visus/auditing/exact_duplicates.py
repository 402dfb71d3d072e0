"""exact-duplicates: pictures that are there more than once, byte for byte."""

from visus.auditing.base import Check, NoSettings, Opinion
from visus.auditing.evidence import Evidence
from visus.auditing.twin_scores import copies, score_rows


class ExactDuplicates(Check[NoSettings]):
    """Every copy after the first; of n equal files, n - 1 are flagged."""

    def judge(self, evidence: Evidence) -> Opinion:
        """0 for a copy, 1 for any other."""
        first = {row: rows[0] for rows in copies(evidence) for row in rows[1:]}
        return Opinion(
            scores=score_rows(len(evidence), dict.fromkeys(first, 0.0)),
            clause="which are a copy of another file, byte for byte",
            caption=lambda row: f"the same bytes as {evidence.id(first[row])}",
            together=evidence.units,
        )
