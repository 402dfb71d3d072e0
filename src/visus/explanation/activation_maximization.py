"""activation-maximization: a picture, dreamt from gray, that a filter answers most."""

from typing import TYPE_CHECKING, final

import numpy as np
from pydantic import Field

from visus.core.seeds import random_generator
from visus.core.settings import Settings
from visus.explanation.base import Floats, Plate, Plates, PlatesExplainer, Subject
from visus.explanation.pictures_of import loudest, repeated, stretched
from visus.explanation.resize import enlarged

if TYPE_CHECKING:
    from visus.models.opened import OpenedNetwork

SIDE = 176
# A step's length, of the range of what the network takes.
STEP = 0.02


class ActivationMaximizationSettings(Settings):
    """How many filters, and how long to dream."""

    filters: int = Field(6, ge=1, le=32, description="the loudest on this picture")
    steps: int = Field(60, ge=1, le=2000, description="of ascent")


@final
class ActivationMaximization(PlatesExplainer[ActivationMaximizationSettings]):
    """Erhan et al., "Visualizing Higher-Layer Features of a Deep Network" (2009).

    Gradient ascent on the mean of a filter's map, from gray with a little smooth noise.
    The picture is smoothed a little after each step and kept in the range of pixels
    (regularisation by blur: Yosinski et al., 2015); steps have unit root mean square.
    """

    settings_class = ActivationMaximizationSettings

    def explain(self, subject: Subject) -> Plates:
        """Pictures for the filters of a layer: the last convolution, or that named."""
        network = subject.network()
        call = (
            network.last_maps()
            if subject.layer is None
            else network.require_maps(subject.layer)
        )
        images = network.images(subject.pixels[np.newaxis])
        maps = network.tensors(images, [call.name])[call.name][0]
        plates = []
        for number in loudest(maps, self.settings.filters):
            image, before, after = self._dreamt(subject, network, call.name, number)
            plates.append(
                Plate(
                    pixels=repeated(stretched(image), SIDE),
                    heading=f"filter {number}",
                    caption=(f"mean answer {before:.2g} to {after:.2g}",),
                )
            )
        return Plates(((call.name, tuple(plates)),), layer=call.name)

    def _dreamt(
        self, subject: Subject, network: "OpenedNetwork", layer: str, number: int
    ) -> tuple[Floats, float, float]:
        low, high = network.images(np.array([0, 255], dtype=np.uint8))
        draws = random_generator(subject.seed, "dream", number)
        coarse = draws.normal(0, 0.05, (subject.pixels.shape[2], 8, 8))
        noise = np.moveaxis(enlarged(coarse, subject.size), 0, -1)
        image = (low + high) / 2 + (high - low) * noise
        answers = []
        for _ in range(self.settings.steps):
            answer, gradient = network.ascent(image[np.newaxis], layer, number)
            answers.append(answer)
            length = float(np.sqrt((gradient**2).mean()))
            if length == 0:
                break
            image = image + STEP * (high - low) * gradient[0] / length
            image = np.clip(_smoothed(image), low, high)
        last, _ = network.ascent(image[np.newaxis], layer, number)
        return image, answers[0], last


def _smoothed(image: Floats) -> Floats:
    """Each pixel takes a tenth from its four neighbours."""
    wide = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="edge")
    around = wide[2:, 1:-1] + wide[:-2, 1:-1] + wide[1:-1, 2:] + wide[1:-1, :-2]
    return np.asarray(0.9 * image + 0.1 * around / 4, dtype=np.float32)
