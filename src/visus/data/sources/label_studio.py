"""Label Studio's JSON: a list of tasks, coordinates in percent of the picture's sides.

Source: labelstud.io/guide/task_format. Results of the type choices are labels of the
picture; rectanglelabels are boxes, polygonlabels boxes with an outline, brushlabels
boxes of the whole picture with a code that is kept as it is. The first annotation of a
task that was not cancelled counts. Addresses of other machines are never opened.
"""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import BaseModel

from visus.data.ledger import Ledger
from visus.data.records import Box, ImageDataset, ImageRecord, Mask
from visus.data.sources.base import Layout
from visus.data.sources.checked import checked_json
from visus.data.sources.gathered import Gathered, box_around
from visus.data.sources.places import Place
from visus.data.sources.rows import as_text, described


class LabelValue(BaseModel):
    """What one result says."""

    choices: list[str] = []
    rectanglelabels: list[str] = []
    polygonlabels: list[str] = []
    brushlabels: list[str] = []
    points: list[tuple[float, float]] = []
    rle: list[int] = []
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0


class LabelResult(BaseModel):
    """One choice or one rectangle."""

    type: str = ""
    value: LabelValue = LabelValue()
    original_width: int = 0
    original_height: int = 0


class LabelAnnotation(BaseModel):
    """What one person said of a picture."""

    result: list[LabelResult] = []
    was_cancelled: bool = False


class LabelTask(BaseModel):
    """One picture."""

    data: dict[str, Any]
    annotations: list[LabelAnnotation] = []


class LabelStudio(Layout):
    """Choices and rectangles."""

    def recognises(self, place: Place) -> bool:
        """A JSON list of tasks with data and annotations."""
        return bool(_files(place))

    def read(self, place: Place) -> tuple[ImageDataset, Ledger]:
        """The records in the order of the tasks."""
        gathered = Gathered(place)
        for name in _files(place):
            tasks = checked_json(list[LabelTask], place.read(name), name)
            for number, task in enumerate(tasks, 1):
                _add_task(gathered, name, task, f"Task {number} of {name}")
        gathered.account_for_rest("No task names it.")
        return gathered.finish()


def _files(place: Place) -> list[str]:
    starts = place.starts(".json", depth=0)
    return [name for name, start in starts.items() if _is_tasks(start)]


def _is_tasks(start: bytes) -> bool:
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[") and b'"data"' in start


def _add_task(gathered: Gathered, name: str, task: LabelTask, where: str) -> None:
    address = as_text(task.data.get("image") or task.data.get("img"))
    found = gathered.place.resolve(_file_name(address)) if address else None
    if found is None:
        reason = f"Its picture does not lie here: {address[:200] or 'none is named'}."
        gathered.refuse(address or where, "unreadable", reason)
        return
    counted = [entry for entry in task.annotations if not entry.was_cancelled][:1]
    results = counted[0].result if counted else []
    boxes = tuple(box for result in results for box in _boxes(result))
    row = {key: v for key, v in task.data.items() if key not in ("image", "img")}
    record = ImageRecord(found, None, gathered.place.find(found), boxes=boxes)
    record = described(record, row, where)
    choices = [c for r in results if r.type == "choices" for c in r.value.choices]
    record = _with_choices(record, tuple(dict.fromkeys(choices)), row)
    gathered.add(record, as_text(row.get("mask")))


def _with_choices(
    record: ImageRecord, choices: tuple[str, ...], row: dict[str, Any]
) -> ImageRecord:
    """What people chose wins over what the data said before they looked."""
    if not choices:
        return record
    several = len(choices) > 1 or "labels" in row
    return replace(record, target=choices if several else choices[0])


def _file_name(address: str) -> str:
    """The path that an address of Label Studio stands for, relative to its root."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return ""
    local = parse_qs(parts.query).get("d")
    if local:
        return local[0].lstrip("/")
    path = unquote(parts.path) if parts.path.startswith("/data/") else address
    # Uploads are kept as /data/upload/<project>/<eight signs>-<name>.
    last = path.rpartition("/")[2]
    uploaded = path.startswith("/data/upload/") and last[8:9] == "-"
    return last[9:] if uploaded else path.lstrip("/")


def _boxes(result: LabelResult) -> list[Box]:
    value = result.value
    across, down = result.original_width / 100, result.original_height / 100
    if result.type == "polygonlabels" and value.points:
        corners = [place for x, y in value.points for place in (x * across, y * down)]
        return [box_around(label, corners) for label in value.polygonlabels[:1]]
    if result.type == "brushlabels":
        mask = Mask(encoded=json.dumps(value.rle), encoding="label-studio")
        size = (result.original_width, result.original_height)
        return [Box(label, 0, 0, *size, mask) for label in value.brushlabels[:1]]
    if result.type != "rectanglelabels":
        return []
    return [
        Box(
            label,
            value.x * across,
            value.y * down,
            (value.x + value.width) * across,
            (value.y + value.height) * down,
        )
        for label in value.rectanglelabels[:1]
    ]
