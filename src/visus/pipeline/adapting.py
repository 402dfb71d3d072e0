"""visus evaluate --adapt: the ways a network is made to fit pictures without labels."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from visus.bundles import Bundle
from visus.core.errors import unknown_name
from visus.core.progress import Progress
from visus.models.alignment import align_features, last_linear, no_linear_end
from visus.models.normalizations import (
    has_normalizations,
    no_normalizations,
    normalize_anew,
)

if TYPE_CHECKING:
    from visus.models.opened import OpenedNetwork

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


class Adaptation(ABC):
    """One way.

    Attributes:
        method: as the origin of the adapted bundle tells it.
        note: what a person should know of it.
    """

    method: str
    note: str

    @abstractmethod
    def require(self, opened: "OpenedNetwork", name: str) -> None:
        """Refuse, with a `ModelError`, the network of that name if it cannot be."""

    @abstractmethod
    def adapt(
        self,
        opened: "OpenedNetwork",
        bundle: Bundle,
        pixels: Pixels,
        own: Pixels,
        progress: Progress,
    ) -> None:
        """Change the network in place.

        Args:
            opened: the network of the bundle.
            bundle: as it was.
            pixels: of the pictures to adapt to.
            own: of pictures of the model's own kind.
            progress: who is told.
        """


@final
class Normalizations(Adaptation):
    """Means and spreads of batch normalizations are measured anew."""

    method = "batch normalizations measured anew"
    note = (
        "Statistics of batch normalizations were measured on both and the difference "
        "undone (after Li et al., 2016; Schneider et al., 2020)"
    )

    def require(self, opened: "OpenedNetwork", name: str) -> None:
        """Where there is none, there is nothing to measure."""
        if not has_normalizations(opened):
            raise no_normalizations(name)

    def adapt(
        self,
        opened: "OpenedNetwork",
        bundle: Bundle,
        pixels: Pixels,
        own: Pixels,
        progress: Progress,
    ) -> None:
        """The old statistics may be of a backbone's pictures, not of the own ones."""
        normalize_anew(opened, pixels, own, progress=progress)


@final
class Alignment(Adaptation):
    """What the last layer takes gets the means and spreads of own pictures."""

    method = "features aligned"
    note = (
        "Means and spreads of the features were aligned with those of the own "
        "pictures (after CORAL; Sun, Feng and Saenko, 2016)"
    )

    def require(self, opened: "OpenedNetwork", name: str) -> None:
        """They are aligned in the numbers of the last layer."""
        if last_linear(opened) is None:
            raise no_linear_end(name)

    def adapt(
        self,
        opened: "OpenedNetwork",
        bundle: Bundle,
        pixels: Pixels,
        own: Pixels,
        progress: Progress,
    ) -> None:
        """By what the shipped graph tells of both."""
        with progress.stage("Aligning features"):
            here, there = (features_of(bundle, side) for side in (own, pixels))
            if here is None or there is None:
                raise no_linear_end(opened.model.name)
            align_features(opened, here, there)


# The first is what --adapt does where nothing else is asked for.
ADAPTATIONS: dict[str, Adaptation] = {
    "normalizations": Normalizations(),
    "alignment": Alignment(),
}


def adaptation_of(name: str) -> Adaptation:
    """The adaptation of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in ADAPTATIONS:
        raise unknown_name("adaptation", name, ADAPTATIONS)
    return ADAPTATIONS[name]


def features_of(bundle: Bundle, pixels: Pixels) -> Floats | None:
    """What the last layer takes `(num_images, num_features)`; `None`: not told."""
    features = bundle.session.everything(pixels).features
    if features is not None:
        return features
    from visus.bundles.inner import InnerSession

    return InnerSession(bundle.contents.graph).answer(pixels)[1]
