"""What a network is calibrated by."""

import hashlib

from visus.data.records import ImageRecord
from visus.pipeline.evidence import FEW, few_by_content


def records(total: int, label: str = "cat") -> list[ImageRecord]:
    return [
        ImageRecord(
            id=f"{label}/{number}.png",
            location=None,
            target=label,
            content_hash=hashlib.sha256(str(number).encode()).hexdigest(),
        )
        for number in range(total)
    ]


def contents(chosen: list[ImageRecord]) -> set[str | None]:
    return {record.content_hash for record in chosen}


def test_stand_ins_are_of_the_same_pictures_when_others_change():
    once = contents(few_by_content(records(400)))
    assert len(once) == FEW
    relabelled = records(100, "dog") + records(400)[100:]
    assert contents(few_by_content(relabelled[::-1])) == once
    more = contents(few_by_content(records(440)))
    assert FEW - 20 < len(once & more) < FEW
