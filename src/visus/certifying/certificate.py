"""Certificate: what was measured of one model, and what was not and why."""

from datetime import UTC, datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from visus.core.report import Chart, Fact, Finding, Matrix, Report, Table

FORMAT: Final = "visus-certificate"
FORMAT_VERSION = 1


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Section(_Frozen):
    """One question, and what was found; or why nothing was.

    Args:
        name: by which programs find it.
        title: what a person calls it.
        pictures: on how many its figures stand; `None`: on none.
        seconds: that it took.
        absent: why nothing was measured; "" where something was.
    """

    name: str
    title: str
    pictures: int | None = None
    seconds: float = 0.0
    facts: tuple[Fact, ...] = ()
    findings: tuple[Finding, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Chart | Matrix, ...] = ()
    absent: str = ""

    def report(self) -> Report:
        """As a person reads it."""
        if self.absent:
            missing = Finding(severity="info", message=f"Not measured. {self.absent}")
            return Report(title=self.title, findings=(missing,))
        return Report(
            title=self.title,
            facts=self.facts,
            findings=self.findings,
            tables=self.tables,
            figures=self.figures,
        )


class CertifiedModel(_Frozen):
    """The model that it is about.

    Args:
        file_name: without folders, which are nobody's business.
        sha256: of the whole file, in hexadecimal digits.
        size: in bytes.
        network: what it is called.
        parameters: numbers that were learned; `None`: not known.
        task: what its scores mean.
        class_names: in the order of the scores.
        image_size: height and width in pixels.
        channels: 1 or 3.
        licence: of the weights that it began with; "" where none is told.
        learned_from: what its training data was called; "" where that is not known.
        learned_fingerprint: of that data; "" where it is not known.
    """

    file_name: str
    sha256: str
    size: int
    network: str
    parameters: int | None
    task: str
    class_names: tuple[str, ...]
    image_size: tuple[int, int]
    channels: int
    licence: str = ""
    learned_from: str = ""
    learned_fingerprint: str = ""


class CertifiedData(_Frozen):
    """The pictures that it was tested on.

    Args:
        name: of the source.
        fingerprint: SHA-256 over ids, contents, labels and splits of these pictures.
        pictures: how many.
        of: how many the source has for a test.
        left_out: those the model had learned from or was chosen by.
        found: files, in the whole source.
        quarantined: of these, those that cannot be used.
        by_class: pictures of each class, or label.
        group: the column whose groups were held against each other; "" for none.
    """

    name: str
    fingerprint: str
    pictures: int
    of: int
    left_out: int
    found: int
    quarantined: int
    by_class: dict[str, int]
    group: str = ""


class GateResult(_Frozen):
    """One gate, and whether the model passes it.

    Args:
        metric: what is asked about.
        bound: whether it must reach the limit, or stay within it.
        limit: what was set.
        value: what was measured; `None`: nothing.
        judged: the number that was held against the limit: the end of the interval
            that is nearer to failing, or the value where there is no interval.
        passed: whether it holds.
        reason: the same in words.
    """

    metric: str
    bound: Literal["min", "max"]
    limit: float
    value: float | None
    judged: float | None
    passed: bool
    reason: str


class Certificate(_Frozen):
    """Everything that is signed.

    Args:
        made: when, as ISO 8601 in UTC.
        visus: the version that measured.
        minutes: the time that was given.
        seconds: the time that it took.
        model: what it is about.
        data: what it was tested on.
        sections: what was measured, in reading order.
        limits: what it was not tested on, in sentences.
        gates: what was asked, and whether it holds.
    """

    format: Literal["visus-certificate"] = FORMAT
    format_version: int = FORMAT_VERSION
    made: str
    visus: str
    minutes: float
    seconds: float
    model: CertifiedModel
    data: CertifiedData
    sections: tuple[Section, ...]
    limits: tuple[str, ...]
    gates: tuple[GateResult, ...] = ()

    @property
    def failed(self) -> tuple[GateResult, ...]:
        """The gates that do not hold."""
        return tuple(gate for gate in self.gates if not gate.passed)

    @property
    def facts(self) -> dict[str, Fact]:
        """All that was measured, by name."""
        return {fact.name: fact for part in self.sections for fact in part.facts}

    def section(self, name: str) -> Section:
        """The section of that name; raises `KeyError` when there is none."""
        for section in self.sections:
            if section.name == name:
                return section
        raise KeyError(name)

    def verdict(self) -> str:
        """One line on the gates."""
        if not self.gates:
            return "no gates were set"
        if not self.failed:
            return f"all {len(self.gates)} gates hold"
        names = ", ".join(f"{gate.metric} ({gate.bound})" for gate in self.failed)
        return f"{len(self.failed)} of {len(self.gates)} gates fail: {names}"


def now() -> str:
    """The time as a certificate has it.

    Example:
        >>> len(now())
        20
    """
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
