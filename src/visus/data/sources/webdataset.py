"""WebDataset: tar shards; members that share their name up to a dot are one sample.

Source: github.com/webdataset/webdataset: 0001.jpg, 0001.cls and 0001.json are one.
`.cls` is a class; the keys of `.json` are the columns of a table, and win over it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from visus.core.errors import DataError
from visus.data.ledger import Ledger
from visus.data.records import ImageDataset, ImageRecord
from visus.data.sources.base import Layout
from visus.data.sources.checked import checked_json
from visus.data.sources.gathered import Gathered
from visus.data.sources.places import PICTURES, Place, ShardsPlace, split_of_words
from visus.data.sources.rows import described

_BRACES = re.compile(r"^(.*)\{(\d+)\.\.(\d+)\}(.*)$")
MOST_SHARDS = 100_000


class WebDataset(Layout):
    """Samples of a picture with its class, its JSON, or both."""

    def recognises(self, place: Place) -> bool:
        """Several shards, or a member `.cls` beside a picture."""
        if isinstance(place, ShardsPlace):
            return True
        return any(_pictures(parts) and "cls" in parts for _, parts in _samples(place))

    def read(self, place: Place) -> tuple[ImageDataset, Ledger]:
        """The records in the order of the samples."""
        gathered = Gathered(place)
        for key, parts in _samples(place):
            first, *others = _pictures(parts) or [""]
            if first:
                _add_sample(gathered, first, parts)
            else:
                gathered.refuse(key, "no_class", "This sample has no picture.")
            for name in others:
                reason = "It is a further picture of its sample; one is used."
                gathered.refuse(name, "no_class", reason)
        return gathered.finish()


def expand_braces(pattern: str) -> list[Path] | None:
    """`train-{000..011}.tar` as twelve paths; `None` where there are no braces.

    Raises:
        DataError: the range is too long, or runs backwards.
    """
    match = _BRACES.match(pattern)
    if match is None:
        return None
    before, first, last, after = match.groups()
    if len(last) > 9 or not int(first) <= int(last) < int(first) + MOST_SHARDS:
        raise DataError(
            received=f"The pattern {pattern!r} names no range of shards.",
            expected=f"{{first..last}} with at most {MOST_SHARDS:,} shards.",
            remedy="Write it as train-{000..011}.tar.",
        )
    numbers = range(int(first), int(last) + 1)
    return [Path(f"{before}{n:0{len(first)}d}{after}").expanduser() for n in numbers]


def _samples(place: Place) -> Iterator[tuple[str, dict[str, str]]]:
    """Keys, and the names of their parts by ending."""
    samples: dict[str, dict[str, str]] = {}
    for name in place.names:
        folder, slash, last = name.rpartition("/")
        base, _, ending = last.partition(".")
        samples.setdefault(folder + slash + base, {})[ending.lower()] = name
    return iter(samples.items())


def _pictures(parts: dict[str, str]) -> list[str]:
    return [name for ending, name in parts.items() if f".{ending}" in PICTURES]


def _add_sample(gathered: Gathered, name: str, parts: dict[str, str]) -> None:
    place = gathered.place
    row: dict[str, Any] = {}
    if "json" in parts:
        row = checked_json(dict[str, Any], place.read(parts["json"]), parts["json"])
    label = None
    if "cls" in parts:
        label = place.read(parts["cls"]).decode("utf-8", "replace").strip() or None
    split = split_of_words(name.rpartition("/")[0]) or split_of_words(place.name)
    record = ImageRecord(name, label, place.find(name), split=split)
    record = described(record, row, f"The sample {name!r}")
    gathered.add(record, _mask(parts))


def _mask(parts: dict[str, str]) -> str:
    """The part called mask or seg, which is a picture: 0001.mask.png."""
    for ending, name in parts.items():
        word, _, kind = ending.rpartition(".")
        if word in ("mask", "seg") and f".{kind}" in PICTURES:
            return name
    return ""
