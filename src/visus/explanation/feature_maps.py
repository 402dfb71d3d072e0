"""feature-maps: what each layer makes of the picture."""

from typing import final

import numpy as np
from pydantic import Field

from visus.core.settings import Settings
from visus.explanation.base import Floats, Plate, Plates, PlatesExplainer, Subject
from visus.explanation.pictures_of import gray_of, loudest, repeated

SIDE = 176


class FeatureMapsSettings(Settings):
    """How many."""

    maps: int = Field(6, ge=1, le=32, description="of each layer, the loudest first")
    layers: int = Field(12, ge=1, le=200, description="at most, spread over all")


@final
class FeatureMaps(PlatesExplainer[FeatureMapsSettings]):
    """The maps of layers, as Zeiler and Fergus (2014) and every course draw them.

    Each map from its own least (black) to its own most (white); the loudest are those
    of the largest mean size.
    """

    settings_class = FeatureMapsSettings

    def explain(self, subject: Subject) -> Plates:
        """One row a layer; only one of them where `subject.layer` names it."""
        network, settings = subject.network(), self.settings
        names = [
            call.name
            for call in network.calls
            if len(call.outputs[0].shape) == 4 and call.inputs
        ]
        if subject.layer is not None:
            names = [network.require_maps(subject.layer).name]
        images = network.images(subject.pixels[np.newaxis])
        found = network.tensors(images, spread(names, settings.layers))
        if not found:
            raise network.no_maps()
        rows = tuple(
            (name, _plates(values[0], settings.maps)) for name, values in found.items()
        )
        return Plates(rows, layer=subject.layer)


def spread(names: list[str], most: int) -> list[str]:
    """Up to `most` of the names, from the first to the last."""
    if len(names) <= most:
        return names
    places = np.linspace(0, len(names) - 1, most).round().astype(int)
    return [names[place] for place in places]


def _plates(maps: Floats, count: int) -> tuple[Plate, ...]:
    size = "x".join(map(str, maps.shape))
    return tuple(
        Plate(
            pixels=repeated(gray_of(maps[..., channel]), SIDE),
            heading=f"map {channel}",
            caption=(f"of {size}" if place == 0 else "", _range(maps[..., channel])),
        )
        for place, channel in enumerate(loudest(maps, count))
    )


def _range(values: Floats) -> str:
    return f"{values.min():.2g} to {values.max():.2g}"
