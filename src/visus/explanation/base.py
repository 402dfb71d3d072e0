"""What every method is given, and what it gives back."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import ConfigError, ModelError
from visus.core.settings import Settings

if TYPE_CHECKING:
    from visus.explanation.known import KnownPictures
    from visus.models.opened import OpenedNetwork

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

AnySettings = TypeVar("AnySettings", bound=Settings)


class NoSettings(Settings):
    """For methods without choices."""


@dataclass(frozen=True)
class Subject:
    """What is to be explained: one picture, and one score of a network for it.

    Args:
        pixels: uint8 `(height, width, channels)`, as the network takes it.
        output: which of its scores.
        scores: from pixels `(num_images, height, width, channels)` to float32
            `(num_images, num_outputs)`.
        opened: gives the Keras network; raises a `ModelError` where there is none.
        known: gives pictures that it has learned from; raises a `ConfigError` where
            nobody said which.
        layer: the layer to look at; `None`: the method's own choice.
        seed: of what is drawn by chance.
    """

    pixels: Pixels
    output: int
    scores: Callable[[Pixels], Floats]
    opened: "Callable[[], OpenedNetwork] | None" = None
    known: "Callable[[], KnownPictures] | None" = None
    layer: str | None = None
    seed: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """`(height, width)` of the picture."""
        return self.pixels.shape[0], self.pixels.shape[1]

    def score(self, pixels: Pixels) -> Floats:
        """The one score of each picture `(num_images,)`."""
        return self.scores(pixels)[:, self.output]

    def network(self) -> "OpenedNetwork":
        """The network, layer by layer.

        Raises:
            ModelError: there is only a graph, without layers and gradients.
        """
        if self.opened is None:
            raise no_layers("This model")
        return self.opened()

    def pictures(self) -> "KnownPictures":
        """Pictures that it has learned from.

        Raises:
            ConfigError: nobody said where they are.
        """
        if self.known is None:
            raise no_pictures()
        return self.known()


@dataclass(frozen=True)
class HeatMap:
    """One number a pixel.

    Args:
        values: float32 `(height, width)` of the picture; above 0 speaks for the score.
        unit: what the numbers are, in words.
        signed: whether numbers below 0 speak against it; else there are none.
        layer: the layer that was looked at, if one was.
        notes: sentences a person should read.
    """

    values: Floats
    unit: str
    signed: bool = False
    layer: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plate:
    """One picture to look at, with a line below it.

    Args:
        pixels: uint8 `(height, width, 1 or 3)`.
        heading: what it is.
        caption: further lines.
    """

    pixels: Pixels
    heading: str
    caption: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plates:
    """Pictures to look at, in rows.

    Args:
        rows: each a title and its pictures.
        notes: sentences a person should read.
        layer: the layer that was looked at, if one was.
    """

    rows: tuple[tuple[str, tuple[Plate, ...]], ...]
    notes: tuple[str, ...] = ()
    layer: str | None = None


class Explainer(ABC, Generic[AnySettings]):
    """One way to say why.

    Attributes:
        settings_class: what `--set METHOD.NAME=value` may choose.
    """

    settings_class: ClassVar[type[Settings]] = NoSettings

    def __init__(self, settings: AnySettings) -> None:
        self.settings = settings

    @abstractmethod
    def explain(self, subject: Subject) -> HeatMap | Plates:
        """Explain one score of one picture.

        Raises:
            ModelError: the network lacks what this method looks at.
            ConfigError: something must be given for it.
        """


class MapExplainer(Explainer[AnySettings]):
    """One that gives a number a pixel, and so can be tested for its faith."""

    def rough(self) -> "MapExplainer[AnySettings]":
        """The method as it is good enough for a comparison; itself, if not costly."""
        return self

    @abstractmethod
    def explain(self, subject: Subject) -> HeatMap:
        """A map of the picture."""


class PlatesExplainer(Explainer[AnySettings]):
    """One that gives pictures to look at."""

    @abstractmethod
    def explain(self, subject: Subject) -> Plates:
        """Rows of pictures."""


def no_layers(what: str) -> ModelError:
    """The one error for a model of which only the ONNX graph is there."""
    return ModelError(
        received=f"{what} holds the ONNX graph of its network, and not its layers.",
        expected="a bundle with the Keras network: this method needs layers and "
        "gradients.",
        remedy="Use a method that needs only the graph: --method occlusion or "
        "--method rise.",
    )


def no_pictures() -> ConfigError:
    """The one error for a method that shows pictures, and has none."""
    return ConfigError(
        received="No pictures that the model has learned from.",
        expected="them: a bundle knows their hashes, not the pictures.",
        remedy="Name the folder or table that it learned from: --data SOURCE",
    )
