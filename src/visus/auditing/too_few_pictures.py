"""too-few-pictures: too few to learn from, or to test on."""

import numpy as np
from pydantic import Field

from visus.auditing.base import Check, Opinion, Remark
from visus.auditing.evidence import Evidence
from visus.core.settings import Settings
from visus.tasks.intervals import wilson_interval


class FewSettings(Settings):
    """How few are too few."""

    per_class: int = Field(20, ge=1, description="fewest pictures of a class")
    tested: int = Field(100, ge=1, description="fewest pictures of a test")
    test_share: float = Field(
        0.2, gt=0, lt=1, description="share for the test, where none is given"
    )


class TooFewPictures(Check[FewSettings]):
    """Twins count once: ten copies teach no more than one."""

    settings_class = FewSettings

    def judge(self, evidence: Evidence) -> Opinion:
        """A remark on small classes, and one on a small test."""
        _, firsts = np.unique(evidence.units, return_index=True)
        targets = evidence.targets[firsts]
        names = evidence.dataset.class_names
        counts = np.bincount(targets[targets >= 0], minlength=len(names))
        remarks = [*self._of_classes(counts, names), *self._of_test(evidence, firsts)]
        return Opinion(remarks=tuple(remarks))

    def _of_classes(
        self, counts: np.ndarray, names: tuple[str, ...]
    ) -> tuple[Remark, ...]:
        small = np.flatnonzero(counts < self.settings.per_class)
        if not len(small):
            return ()
        order = small[np.argsort(counts[small], kind="stable")]
        listed = ", ".join(f"{names[n]!r} {counts[n]:,}" for n in order[:10])
        sentence = (
            f"{len(small):,} of {len(names):,} classes have fewer than "
            f"{self.settings.per_class} different pictures: {listed}"
            f"{' and others' if len(small) > 10 else ''}."
        )
        return (Remark(sentence),)

    def _of_test(self, evidence: Evidence, firsts: np.ndarray) -> tuple[Remark, ...]:
        splits = [evidence.dataset.records[row].split for row in firsts]
        given = splits.count("test") or splits.count("validation")
        tested = given or round(self.settings.test_share * len(firsts))
        if tested >= self.settings.tested:
            return ()
        interval = wilson_interval(round(0.9 * max(tested, 1)), max(tested, 1))
        sentence = (
            f"The test will have {tested:,} different pictures: an accuracy of 90 % "
            f"would only be known to lie between {interval.low:.0%} and "
            f"{interval.high:.0%}."
        )
        return (Remark(sentence),)
