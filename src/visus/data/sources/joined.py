"""Several sources as one: classes merge by name, ids begin with the source's name."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from visus.data.ledger import Ledger
from visus.data.records import ImageDataset
from visus.data.sources.gathered import class_names

Read = tuple[ImageDataset, Ledger]


def join_datasets(parts: Sequence[Read]) -> Read:
    """One data set of several, in their order.

    Example:
        the picture cat/1.jpg of the folder photos becomes photos/cat/1.jpg
    """
    prefixed = [
        _with_prefix(part, prefix)
        for part, prefix in zip(parts, _prefixes(parts), strict=True)
    ]
    records = tuple(record for data, _ in prefixed for record in data.records)
    names = class_names(record.target for record in records)
    joined = ImageDataset("+".join(data.name for data, _ in parts), records, names)
    used = tuple(name for _, ledger in prefixed for name in ledger.used)
    return joined, Ledger(used, tuple(q for _, lg in prefixed for q in lg.quarantined))


def _prefixes(parts: Sequence[Read]) -> list[str]:
    seen: Counter[str] = Counter()
    prefixes = []
    for data, _ in parts:
        seen[data.name] += 1
        count = seen[data.name]
        prefixes.append(data.name if count == 1 else f"{data.name}-{count}")
    return prefixes


def _with_prefix(part: Read, prefix: str) -> Read:
    data, ledger = part
    records = (replace(r, id=f"{prefix}/{r.id}") for r in data.records)
    used = tuple(f"{prefix}/{name}" for name in ledger.used)
    moved = (replace(q, id=f"{prefix}/{q.id}") for q in ledger.quarantined)
    return data.with_records(records), Ledger(used, tuple(moved))
