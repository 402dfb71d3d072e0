"""class-imbalance: classes that are far rarer than others."""

import numpy as np
from pydantic import Field

from visus.auditing.base import Check, Opinion, Remark
from visus.auditing.evidence import Evidence
from visus.core.settings import Settings


class ImbalanceSettings(Settings):
    """How unequal is too unequal."""

    times: float = Field(
        10.0, gt=1, description="pictures of the largest class over those of another"
    )


class ClassImbalance(Check[ImbalanceSettings]):
    """Pictures of the largest class over those of each other class."""

    settings_class = ImbalanceSettings

    def judge(self, evidence: Evidence) -> Opinion:
        """One remark that names the rare classes."""
        counts, names = evidence.class_counts, evidence.dataset.class_names
        if not len(counts) or not counts.max():
            return Opinion()
        largest = int(counts.argmax())
        rare = np.flatnonzero(counts * self.settings.times < counts[largest])
        if not len(rare):
            return Opinion()
        order = rare[np.argsort(counts[rare], kind="stable")]
        listed = ", ".join(f"{names[n]!r} {counts[n]:,}" for n in order[:10])
        sentence = (
            f"{names[largest]!r} has {counts[largest]:,} pictures, over "
            f"{self.settings.times:g} times as many as {listed}"
            f"{' and others' if len(order) > 10 else ''}. Accuracy will hardly notice "
            "them: look at each class, or try training.class_weights=balanced."
        )
        return Opinion(remarks=(Remark(sentence),))
