"""What test pictures are like: the columns and measures by which slices are told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.data.batches import Pixels
from visus.data.columns import no_such_column
from visus.data.records import ImageDataset
from visus.data.scan import Scan

# A column with more values is an id, or a number.
MOST_VALUES = 30
QUARTERS = 4
# Pictures at a time: those of a large test are not held in memory at once.
PIECE = 64


@dataclass(frozen=True)
class PictureTraits:
    """By trait, what each picture has of it, by its id.

    Args:
        values: by trait and id; "" where it is not known.
    """

    values: Mapping[str, Mapping[str, str]]

    def of(self, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """By trait, for these pictures in their order."""
        return {
            trait: tuple(values.get(image_id, "") for image_id in ids)
            for trait, values in self.values.items()
        }


def traits_of(scan: Scan, target: str | None) -> PictureTraits:
    """Metadata columns with few values, source, brightness and size.

    Args:
        scan: of the pictures.
        target: column of the truth, by which nothing is sliced.
    """
    dataset = scan.dataset
    ids = [record.id for record in dataset.records]
    named = _columns(dataset, target) | {"source": _sources(dataset)}
    looks = scan.looks
    areas = looks.heights.astype(np.int64) * looks.widths
    named["brightness"] = quarters(_brightness(scan.pictures.pixels))
    named["size"] = quarters(areas / 1e6, "{:.3g} megapixels")
    return PictureTraits(
        {
            trait: dict(zip(ids, values, strict=True))
            for trait, values in named.items()
            if len(set(values) - {""}) > 1
        }
    )


def groups_of(dataset: ImageDataset, column: str) -> dict[str, str]:
    """What each picture has in a column, by its id; "" where it has nothing.

    Raises:
        DataError: no picture has the column.
    """
    found = {r.id: dict(r.metadata).get(column, "") for r in dataset.records}
    if column == "group":
        found = {r.id: r.group or "" for r in dataset.records}
    if not any(found.values()):
        raise no_such_column(dataset, column)
    return found


def quarters(
    values: NDArray[np.floating], form: str = "{:.2f}", parts: int = QUARTERS
) -> tuple[str, ...]:
    """Ranges that hold a quarter of the values each, for every value.

    Args:
        values: `(num_values,)`.
        form: of a bound.
        parts: how many.
    """
    edges = np.unique(np.quantile(values, np.arange(parts + 1) / parts))
    if len(edges) < 2:
        return ("",) * len(values)
    places = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, None)
    places = np.minimum(places, len(edges) - 2)
    names = [
        f"{form.format(low)} to {form.format(high)}"
        for low, high in zip(edges[:-1], edges[1:], strict=True)
    ]
    return tuple(names[place] for place in places)


def _columns(dataset: ImageDataset, target: str | None) -> dict[str, tuple[str, ...]]:
    rows = [dict(record.metadata) for record in dataset.records]
    names = sorted({name for row in rows for name in row} - {target})
    found = {name: tuple(row.get(name, "") for row in rows) for name in names}
    return {n: v for n, v in found.items() if len(set(v)) <= MOST_VALUES}


def _sources(dataset: ImageDataset) -> tuple[str, ...]:
    """The first folder of each id, where that is not its class."""
    firsts = [record.id.split("/")[0] for record in dataset.records]
    labels = [record.label for record in dataset.records]
    if firsts == labels or len(set(firsts)) > MOST_VALUES:
        return ("",) * len(firsts)
    return tuple(firsts)


def _brightness(pixels: Pixels) -> NDArray[np.float64]:
    """Mean of the prepared pixels, 0 to 1."""
    pieces = [
        np.asarray(pixels[first : first + PIECE]).mean(axis=(1, 2, 3)) / 255
        for first in range(0, len(pixels), PIECE)
    ]
    return np.concatenate(pieces)
