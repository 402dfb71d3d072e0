"""What Grad-CAM and its kin share: maps of one layer, weighted by how they count."""

from abc import abstractmethod

import numpy as np

from visus.explanation.base import Floats, HeatMap, MapExplainer, NoSettings, Subject
from visus.explanation.resize import enlarged


class ClassActivation(MapExplainer[NoSettings]):
    """A map a channel, weighted, added, and what is below 0 left out."""

    @staticmethod
    @abstractmethod
    def weights(maps: Floats, gradients: Floats) -> Floats:
        """How much each place of each map counts.

        Args:
            maps: what the layer gives, `(height, width, channels)`.
            gradients: of the class's logit to it, of the same shape.

        Returns:
            weights that broadcast to that shape.
        """

    def explain(self, subject: Subject) -> HeatMap:
        """The map at the picture's size; `subject.layer` is the layer, if given."""
        coarse, layer = self.coarse(subject)
        return HeatMap(
            values=enlarged(coarse, subject.size),
            unit="sum of weighted maps",
            layer=layer,
            notes=_notes(coarse),
        )

    def coarse(self, subject: Subject) -> tuple[Floats, str]:
        """The map at the layer's own size `(height, width)`, and the layer's name."""
        network = subject.network()
        if subject.layer is None:
            layer = network.last_maps().name
        else:
            layer = network.require_maps(subject.layer).name
        images = network.images(subject.pixels[np.newaxis])
        maps, gradients, _ = network.gradients(images, subject.output, layer)
        weighted = self.weights(maps[0], gradients[0]) * maps[0]
        return np.maximum(weighted.sum(axis=2), 0), layer


def _notes(coarse: Floats) -> tuple[str, ...]:
    if coarse.any():
        return ()
    return (
        "The map is 0 everywhere: no feature of this layer speaks for this class here.",
    )
