"""A question about one answer of a model: what is asked, read and opened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visus.bundles import Bundle
from visus.core.errors import ConfigError, unknown_name
from visus.core.progress import Progress, SilentProgress
from visus.core.registry import Part
from visus.core.settings import read_settings
from visus.data.names import printable_name
from visus.data.sources.base import Access
from visus.explanation import EXPLAINERS
from visus.explanation.base import (
    Explainer,
    Floats,
    Pixels,
    Subject,
    no_layers,
    no_pictures,
)
from visus.explanation.known import KnownPictures
from visus.models.pretrained import BACKBONES, find_backbone
from visus.models.pretrained.weights import find_weights
from visus.pipeline.known import known_pictures
from visus.pipeline.pretrained import open_model
from visus.tasks.words import probability_text

if TYPE_CHECKING:
    from visus.models.opened import OpenedNetwork


@dataclass(frozen=True)
class Question:
    """What is asked.

    Args:
        model: a `.visus` file, or a pretrained network's name.
        picture: the file of the picture.
        class_name: the class to explain; `None`: the one that is answered.
        layer: the layer to look at; `None`: the method's own choice.
        data: the source that the model learned from, for methods that show pictures.
        settings: by name of method, the settings that differ from its defaults.
        seed: of what is drawn by chance.
        offline: never open a connection.
    """

    model: Path
    picture: Path
    class_name: str | None = None
    layer: str | None = None
    data: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    offline: bool = False


@dataclass(frozen=True)
class Opened:
    """A question with its model and picture read.

    Args:
        question: what is asked.
        bundle: the model.
        pixels: the picture as the network takes it.
        progress: who is told.
    """

    question: Question
    bundle: Bundle
    pixels: Pixels
    progress: Progress

    @cached_property
    def scores(self) -> Floats:
        """All scores of the picture `(num_outputs,)`."""
        return np.asarray(self.bundle.scores(self.pixels[np.newaxis])[0])

    @cached_property
    def output(self) -> int:
        """Which score is explained."""
        name, names = self.question.class_name, self.bundle.class_names
        if name is None:
            return int(self.scores.argmax())
        if name not in names:
            raise unknown_name("class", name, names)
        return names.index(name)

    @cached_property
    def network(self) -> "OpenedNetwork":
        """The Keras network; raises a `ModelError` where there is none."""
        with self.progress.stage("Opening the network with Keras"):
            access = Access(self.question.offline, self.progress)
            return opened_network(self.bundle, access)

    @cached_property
    def known(self) -> KnownPictures:
        """What the model has learned from; `ConfigError` where nobody said where."""
        if self.question.data is None:
            raise no_pictures()
        access = Access(self.question.offline, self.progress)
        return known_pictures(self.bundle, self.question.data, access)

    def subject(self) -> Subject:
        """What the methods are given."""
        return Subject(
            pixels=self.pixels,
            output=self.output,
            scores=self.bundle.scores,
            opened=lambda: self.network,
            known=lambda: self.known,
            layer=self.question.layer,
            seed=self.question.seed,
        )

    def said(self) -> str:
        """The class and its score, as a title has it."""
        return f"{self.class_name} {score_text(self.bundle, self.scores[self.output])}"

    @property
    def class_name(self) -> str:
        """The class, label or number that is explained."""
        return self.bundle.class_names[self.output]

    def to_json(self) -> dict[str, Any]:
        """What was asked and answered, as plain data."""
        answer = next(iter(self.bundle.predictions(("",), self.scores[np.newaxis])))
        return {
            "model": str(self.question.model),
            "picture": printable_name(self.question.picture),
            "answer": answer.answer,
            "class": self.class_name,
            "score": float(self.scores[self.output]),
        }


def open_question(question: Question, progress: Progress | None = None) -> Opened:
    """Read the model and the picture, and refuse names that nobody knows.

    Raises:
        ModelError: the model cannot be used.
        DataError: the picture cannot be read.
        ConfigError: a class, method or setting has no such name.
    """
    progress = progress or SilentProgress()
    for name in question.settings:
        EXPLAINERS.part(name)
    bundle = open_model(question.model, None, Access(question.offline, progress))
    (pixels,) = bundle.prepare([question.picture])
    opened = Opened(question, bundle, pixels, progress)
    # A class that nobody knows is refused before any work is done.
    _ = opened.output
    return opened


def require_used(question: Question, part: Part) -> None:
    """Refuse what this method would not look at: nothing is ignored in silence.

    Raises:
        ConfigError: a layer, a source or a setting is given that it does not use.
    """
    strange = [name for name in question.settings if name != part.name]
    for given, used in (
        (f"--layer {question.layer}", part.facts.get("layer") or not question.layer),
        (
            f"--data {question.data}",
            part.facts["needs"] == "pictures" or not question.data,
        ),
        (f"A setting of {', '.join(strange)}", not strange),
    ):
        if not used:
            raise ConfigError(
                received=f"{given} for the method {part.name}.",
                expected="only what that method uses.",
                remedy="Leave it out, or choose another --method.",
            )


def make_explainer(part: Part, settings: Mapping[str, Any]) -> Explainer[Any]:
    """The method with its settings; `ConfigError` where one does not fit."""
    kind: type[Explainer[Any]] = part.load()
    values = settings.get(part.name, {})
    values = values if isinstance(values, Mapping) else {"": values}
    return kind(read_settings(kind.settings_class, values, part.name))


def opened_network(bundle: Bundle, access: Access) -> "OpenedNetwork":
    """The Keras network of a bundle, layer by layer.

    Raises:
        ModelError: it holds the ONNX graph only.
        MachineError: it is that of a backbone whose weights are gone.
    """
    # A backbone's own classifier lies in its file of weights, not in the bundle.
    name, published = str(bundle.origin.get("network")), "licence" in bundle.origin
    network = bundle.contents.network
    if network is None and not (published and name in BACKBONES):
        raise no_layers(str(bundle.path))
    from visus.models.backend import select_backend

    select_backend()
    from visus.models.opened import OpenedNetwork
    from visus.models.storage import load_network

    if network is not None:
        return OpenedNetwork(load_network(network), bundle.spec.scaling)
    weights = find_weights(BACKBONES.part(name).facts["card"], None, access)
    model = find_backbone(name).classifier(weights)
    return OpenedNetwork(model, bundle.spec.scaling)


def score_text(bundle: Bundle, score: float) -> str:
    """A probability in percent, or a number."""
    return f"{score:.4g}" if bundle.task.kind == "numeric" else probability_text(score)
