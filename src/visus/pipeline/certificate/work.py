"""What every section of a certificate is given, and how one is made of what was found.

A section is a function from `Work` to a `Section`: it measures one thing, in its share
of the time that is left, or says why it cannot. A new one is a line in `certify.py`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from visus.bundles import Bundle
from visus.certifying.certificate import Section
from visus.certifying.sections import measured
from visus.core.progress import Progress
from visus.core.report import Fact, Finding
from visus.evaluation.evaluate import held_against
from visus.evaluation.parts import Parts, Tested
from visus.pipeline.certificate.answered import AnsweredTest
from visus.pipeline.certificate.clock import Clock

Measured = Callable[["Work"], Section]


@dataclass(frozen=True)
class Work:
    """A model, its answers, and the time that is left.

    Args:
        bundle: the model.
        test: the test pictures, answered.
        clock: what is left of the time.
        group: a column whose groups are held against each other.
        progress: who is told.
    """

    bundle: Bundle
    test: AnsweredTest
    clock: Clock
    group: str | None
    progress: Progress

    @cached_property
    def tested(self) -> Tested:
        """Answers beside the truth."""
        return held_against(self.test.predictions, self.test.pictures, by=self.bundle)

    @property
    def count(self) -> int:
        """Test pictures with a known target."""
        return len(self.tested.test)

    @property
    def one_class(self) -> bool:
        """Whether the model answers with one class a picture."""
        return self.bundle.task.kind == "single-label"

    @property
    def another_kind(self) -> str:
        """Why something is not told of a model of several labels or of numbers."""
        kind = self.bundle.task.kind
        return f"it is told of one class a picture, and the model is {kind}."

    def section(
        self,
        name: str,
        title: str,
        parts: Parts,
        facts: Iterable[Fact] = (),
        findings: Iterable[Finding] = (),
    ) -> Section:
        """A section of figures of all test pictures.

        Args:
            name: by which programs find it.
            title: what a person calls it.
            parts: what was measured.
            facts: more, behind them.
            findings: more, behind them.
        """
        return measured(
            name,
            title,
            pictures=self.count,
            facts=[*parts.facts, *facts],
            findings=[*parts.findings, *findings],
            tables=parts.tables,
            figures=parts.figures,
        )


def count_fact(name: str, value: int) -> Fact:
    """A number of things."""
    return Fact(name=name, value=value, text=f"{value:,}")
