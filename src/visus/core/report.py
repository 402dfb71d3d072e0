"""Report: what a stage found, as data; drawing it is `visus.reporting`'s work."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from visus.core.files import write_text

Severity = Literal["info", "warning", "error"]
Value = str | int | float | bool | None


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Interval(_Frozen):
    """A value with its confidence interval, both in the value's own unit."""

    value: float
    low: float
    high: float
    confidence: float = 0.95


class Fact(_Frozen):
    """One named figure, such as test accuracy; `text` is how a person reads it."""

    name: str
    value: Value
    text: str
    interval: Interval | None = None


class Finding(_Frozen):
    """Something a person should know, with the pictures that it is about."""

    severity: Severity
    message: str
    image_ids: tuple[str, ...] = ()


class Table(_Frozen):
    """A titled table; every row has as many cells as there are columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    note: str = ""


class Series(_Frozen):
    """One line of a chart, or a cloud: points (x, y), in order of x."""

    label: str
    drawn: Literal["line", "points"] = "line"
    points: tuple[tuple[float, float], ...]


class Chart(_Frozen):
    """A line chart with named axes."""

    kind: Literal["chart"] = "chart"
    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]


class Matrix(_Frozen):
    """Counts by row class (truth) and column class (answer)."""

    kind: Literal["matrix"] = "matrix"
    title: str
    row_label: str
    column_label: str
    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class Tile(_Frozen):
    """One picture of a gallery: its id, a caption, and the picture as PNG, base64."""

    image_id: str
    caption: str
    png_base64: str


class Gallery(_Frozen):
    """Pictures that are worth a look, in order."""

    kind: Literal["gallery"] = "gallery"
    title: str
    tiles: tuple[Tile, ...]
    note: str = ""


Figure = Chart | Matrix | Gallery


class Report(_Frozen):
    """What a stage found: facts, findings, tables and figures, in reading order."""

    title: str
    facts: tuple[Fact, ...] = ()
    findings: tuple[Finding, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()

    def fact(self, name: str) -> Fact:
        """The fact of that name; raises `KeyError` when there is none."""
        for fact in self.facts:
            if fact.name == name:
                return fact
        raise KeyError(name)

    def to_json(self) -> dict[str, Any]:
        """The report as plain data that `json.dumps` takes."""
        return self.model_dump(mode="json")

    def save(self, path: Path) -> None:
        """Write the report as JSON, atomically."""
        write_text(path, self.model_dump_json(indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Report":
        """Read a report that `save` wrote."""
        return cls.model_validate_json(path.read_text(encoding="utf-8"))
