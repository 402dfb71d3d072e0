"""filters: the kernels of the convolutions, as the network learned them."""

from typing import Any, final

import numpy as np
from pydantic import Field

from visus.core.settings import Settings
from visus.explanation.base import Floats, Plate, Plates, PlatesExplainer, Subject
from visus.explanation.feature_maps import spread
from visus.explanation.pictures_of import repeated, signed_of, stretched
from visus.models.opened import kind_of

SIDE = 176


class FiltersSettings(Settings):
    """How many."""

    filters: int = Field(6, ge=1, le=32, description="of each layer, the largest first")
    layers: int = Field(12, ge=1, le=200, description="at most, spread over all")


@final
class Filters(PlatesExplainer[FiltersSettings]):
    """Kernels as pictures: as Krizhevsky, Sutskever and Hinton (2012), figure 3.

    A kernel that looks at one or three channels is drawn as it is; of one that looks at
    more, the slice with the largest weights. White is above 0, black below; kernels of
    one channel have 0 at middle gray.
    """

    settings_class = FiltersSettings

    def explain(self, subject: Subject) -> Plates:
        """One row a convolution; only one of them where `subject.layer` names it."""
        network, settings = subject.network(), self.settings
        calls = [c for c in network.maps() if kind_of(c) == "Conv2D"]
        if subject.layer is not None:
            named = network.call(subject.layer)
            calls = [call for call in calls if call.name == named.name]
        if not calls:
            raise network.no_maps()
        names = spread([call.name for call in calls], settings.layers)
        rows = tuple(
            (call.name, _plates(np.asarray(call.layer.kernel), settings.filters))
            for call in calls
            if call.name in names
        )
        return Plates(rows, layer=subject.layer)


def _plates(kernel: Floats, count: int) -> tuple[Plate, ...]:
    lengths = np.sqrt((kernel**2).sum(axis=(0, 1, 2)))
    order = np.argsort(-lengths, kind="stable")[:count]
    return tuple(_plate(kernel[..., number], int(number)) for number in order)


def _plate(kernel: Floats, number: int) -> Plate:
    height, width, channels = kernel.shape
    if channels == 3:
        pixels: Any = stretched(kernel)
        what = "all three channels"
    else:
        channel = int(np.abs(kernel).sum(axis=(0, 1)).argmax())
        pixels = signed_of(kernel[..., channel])
        what = f"channel {channel} of {channels}"
    caption = (what, f"{kernel.min():.2g} to {kernel.max():.2g}")
    return Plate(repeated(pixels, SIDE), f"filter {number}", caption)
