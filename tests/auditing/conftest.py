"""Made data sets whose faults are known, as checks see them."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from shapes import drawn_shapes
from visus.auditing import CHECKS
from visus.auditing.base import Opinion
from visus.auditing.evidence import Evidence
from visus.core.settings import read_settings
from visus.data.ledger import Ledger, Quarantined
from visus.data.looks import join_looks, look_at
from visus.data.preprocess import PreprocessSpec, prepare_pixels
from visus.data.records import ImageDataset, ImageRecord
from visus.data.twins import TwinPair, Twins, join_rows

SMALL = PreprocessSpec(image_size=(32, 32), channels=3)


def make_evidence(
    pictures: Sequence[np.ndarray],
    labels: Sequence[str | None],
    *,
    splits: Sequence[str | None] | None = None,
    pairs: Sequence[tuple[int, int, str]] = (),
    quarantined: Sequence[Quarantined] = (),
    formats: Sequence[str] | None = None,
    file_bytes: Sequence[int] | None = None,
    class_names: Sequence[str] | None = None,
) -> Evidence:
    """Evidence of uint8 pictures `(height, width, channels)`; pairs name twin rows."""
    count = len(pictures)
    equal = join_rows((pair[0], pair[1]) for pair in pairs if pair[2] == "exact")
    first = {row: rows[0] for rows in equal for row in rows}
    records = tuple(
        ImageRecord(
            f"picture-{row}",
            labels[row],
            pixels=pictures[row],
            content_hash=f"content {first.get(row, row)}",
            split=splits[row] if splits else None,
        )
        for row in range(count)
    )
    rows = [
        look_at(
            picture,
            image_format=formats[row] if formats else "PNG",
            file_bytes=int(file_bytes[row]) if file_bytes is not None else 0,
        )
        for row, picture in enumerate(pictures)
    ]
    names = class_names or sorted({label for label in labels if label})
    twins = tuple(TwinPair(*pair) for pair in pairs)
    return Evidence(
        dataset=ImageDataset("made", records, tuple(names)),
        ledger=Ledger(tuple(r.id for r in records), tuple(quarantined)),
        looks=join_looks(rows),
        published=False,
        twins=Twins(twins, join_rows((t.first, t.second) for t in twins)),
        pixels=np.stack([prepare_pixels(picture, SMALL) for picture in pictures]),
    )


@pytest.fixture
def evidence() -> Callable[..., Evidence]:
    """Makes evidence; see `make_evidence`."""
    return make_evidence


@pytest.fixture
def judge() -> Callable[..., Opinion]:
    """Asks the check of that name."""

    def ask(name: str, seen: Evidence, **settings: object) -> Opinion:
        kind = CHECKS.load(name)
        return kind(read_settings(kind.settings_class, settings)).judge(seen)

    return ask


@pytest.fixture(scope="session")
def clean() -> Evidence:
    """600 discs and squares: nothing is wrong with them."""
    return make_evidence(*drawn_shapes(600))


@pytest.fixture
def shapes() -> tuple[list[np.ndarray], list[str]]:
    """60 of the like, to plant faults in."""
    return drawn_shapes(60, seed=1)
