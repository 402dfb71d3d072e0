"""What every check must keep to, whatever it looks for."""

from pathlib import Path

import numpy as np
import pytest

from visus.auditing import CHECKS
from visus.auditing.base import BlockingCheck, Check, Opinion
from visus.auditing.evidence import Evidence
from visus.core.settings import Settings
from visus.data.ledger import Ledger
from visus.data.looks import join_looks, look_at
from visus.data.records import ImageDataset, ImageRecord
from visus.data.twins import Twins

PARTS = list(CHECKS)
PAGE = Path(__file__).parents[2] / "docs" / "audit.md"


def seen(pictures: list[np.ndarray], labels: list[str | None]) -> Evidence:
    """Evidence of pictures without splits and twins."""
    records = tuple(
        ImageRecord(str(row), label, pixels=picture, content_hash=str(row))
        for row, (picture, label) in enumerate(zip(pictures, labels, strict=True))
    )
    names = tuple(sorted({label for label in labels if label}))
    return Evidence(
        dataset=ImageDataset("odd", records, names),
        ledger=Ledger(tuple(record.id for record in records)),
        looks=join_looks([look_at(picture) for picture in pictures]),
        twins=Twins((), ()),
        published=False,
        pixels=np.zeros((len(pictures), 32, 32, 3), dtype=np.uint8),
    )


ODD = {
    "one picture": seen([np.zeros((1, 1, 1), np.uint8)], ["a"]),
    "all alike": seen([np.full((8, 8, 3), 7, np.uint8)] * 30, ["a", "b", "c"] * 10),
    "no labels": seen([np.zeros((9, 5, 3), np.uint8)] * 12, [None] * 12),
    "thin": seen([np.zeros((1, 500, 1), np.uint8)] * 3, ["a", "a", "b"]),
}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_check_has_described_settings_with_defaults(part):
    kind = part.load()
    assert issubclass(kind, Check)
    assert bool(part.facts.get("blocks")) == issubclass(kind, BlockingCheck)
    assert issubclass(kind.settings_class, Settings)
    assert all(field.description for field in kind.settings_class.model_fields.values())
    kind.settings_class()
    assert 10 < len(part.summary) < 90


@pytest.mark.parametrize("data", ODD, ids=str)
@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_check_has_a_sound_opinion_of_odd_data(part, data):
    evidence = ODD[data]
    kind = part.load()
    opinion = kind(kind.settings_class()).judge(evidence)
    assert isinstance(opinion, Opinion)
    assert not opinion.blocking
    if opinion.scores is not None:
        assert opinion.scores.shape == (len(evidence),)
        assert opinion.scores.dtype == np.float32
        assert ((opinion.scores >= 0) & (opinion.scores <= 1)).all()
        for row in np.flatnonzero(opinion.scores < 0.5):
            assert opinion.clause and opinion.caption(int(row))


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_check_has_a_heading_in_the_docs_with_each_of_its_settings(part):
    page = PAGE.read_text(encoding="utf-8")
    heading = f"\n### {part.name}\n"
    assert heading in page
    section = page.split(heading)[1].split("\n#")[0]
    for name, field in part.load().settings_class.model_fields.items():
        assert f"`{part.name}.{name}`" in section
        assert f"{field.default:g}" in section
