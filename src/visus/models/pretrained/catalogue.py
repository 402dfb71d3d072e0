"""The networks of `keras.applications`, known without Keras: `applications.csv`.

Its accuracies are those of Keras's own table (https://keras.io/api/applications/), its
digests those in Keras's code, which gives none for MobileNet and MobileNetV2. Sides, in
pixels, are the sizes at which the networks were measured.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from visus.core.registry import Registry
from visus.models.pretrained.card import Card, Published, photo_spec

# How 0..255 become what a network has learned on: "signed" is -1..1; "torch" takes
# ImageNet's mean and divides by its deviation; "caffe" takes the mean and has blue
# first; "inside" networks do it themselves, and "twice" ones need a correction.
Colors = Literal["signed", "torch", "caffe", "inside", "twice"]
PLACE = "https://storage.googleapis.com/"


@dataclass(frozen=True)
class Row:
    """One network.

    Args:
        function: of `keras.applications`.
        colors: what it has learned on.
        card: what else is known of it.
    """

    function: str
    colors: Colors
    card: Card


@cache
def applications() -> dict[str, Row]:
    """The networks by their names, which are Keras's in small letters."""
    file = files("visus.models.pretrained") / "applications.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    rows = map(_row, csv.DictReader(lines))
    return {row.card.name: row for row in rows}


def register(registry: Registry) -> None:
    """One line a network, as if each were written out."""
    for name, row in applications().items():
        registry.add(
            name,
            "visus.models.pretrained.applications:Application",
            f"{row.function} of keras.applications",
            card=row.card,
        )


def _row(cells: dict[str, str]) -> Row:
    colors: Colors = next(c for c in get_args(Colors) if c == cells["colors"])
    card = Card(
        name=cells["function"].lower(),
        spec=photo_spec(int(cells["side"])),
        feature_count=int(cells["features"]),
        parameters=int(cells["parameters"]),
        accuracy=float(cells["accuracy"]),
        licence=cells["licence"],
        source=f"{cells['source']}, as keras.applications publishes it",
        published=Published(
            file_name=cells["path"].rpartition("/")[2],
            digest=cells["digest"],
            address=PLACE + cells["path"],
        ),
        least_side=int(cells["least_side"]),
    )
    return Row(cells["function"], colors, card)
