"""visus explain: why a model answers a picture as it does, drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visus.bundles import Bundle
from visus.core.errors import ConfigError, ModelError, unknown_name
from visus.core.files import write_bytes
from visus.core.progress import Progress, SilentProgress
from visus.core.registry import Part
from visus.core.settings import read_settings
from visus.data.encode import encode_png
from visus.data.names import printable_name
from visus.data.sources.base import Access
from visus.explanation import EXPLAINERS
from visus.explanation.base import (
    Explainer,
    Floats,
    HeatMap,
    Pixels,
    Plates,
    Subject,
    no_layers,
    no_pictures,
)
from visus.explanation.known import KnownPictures
from visus.models.pretrained import BACKBONES, find_backbone
from visus.models.pretrained.weights import find_weights
from visus.pipeline.known import known_pictures
from visus.pipeline.pretrained import open_model
from visus.reporting.contact_sheet import Cell, contact_sheet
from visus.reporting.panel import heat_panel

if TYPE_CHECKING:
    from visus.models.opened import OpenedNetwork

FOLDER = Path("explanations")
# With layers at hand, and without.
WITH_MAPS, WITHOUT = "grad-cam", "occlusion"


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


@dataclass(frozen=True)
class Explained:
    """One explanation, drawn.

    Args:
        opened: what was asked and answered.
        method: its name.
        found: what the method gave.
        out: the PNG file.
    """

    opened: Opened
    method: str
    found: HeatMap | Plates
    out: Path

    def to_json(self) -> dict[str, Any]:
        """As `visus explain --json` prints it."""
        told = {
            **self.opened.to_json(),
            "method": self.method,
            "layer": self.found.layer,
            "out": str(self.out),
            "notes": list(self.found.notes),
        }
        if isinstance(self.found, HeatMap):
            row, column = np.unravel_index(
                int(self.found.values.argmax()), self.found.values.shape
            )
            told["strongest"] = {"row": int(row), "column": int(column)}
        return told


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


def explain_picture(
    question: Question,
    *,
    method: str | None = None,
    out: Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Explained:
    """Explain one answer by one method, and draw it.

    Args:
        question: the model, the picture, and what is asked of them.
        method: a name of `EXPLAINERS`; `None`: Grad-CAM where the bundle holds a
            network with convolutions, else occlusion.
        out: a PNG file; `None`: the first free
            `explanations/<picture>-<method>-<number>.png`.
        force: replace a file that is there.
        progress: who is told; nobody by default.

    Raises:
        VisusError: with what was received, what was expected, and what to do.

    Example:
        >>> question = Question(Path("model.visus"), Path("a.jpg"))  # doctest: +SKIP
        >>> explain_picture(question, method="rise").out             # doctest: +SKIP
        PosixPath('explanations/a-rise-001.png')
    """
    if method is not None:
        EXPLAINERS.part(method)
    if out is not None:
        require_free(out, ".png", force=force)
    opened = open_question(question, progress)
    method = method or usual_method(opened)
    explainer = make_explainer(EXPLAINERS.part(method), question.settings)
    out = out or free_place(question.picture, method, ".png")
    with opened.progress.stage(f"Explaining by {method}"):
        found = explainer.explain(opened.subject())
    write_bytes(out, encode_png(drawn(opened, method, found)))
    return Explained(opened, method, found, out)


def make_explainer(part: Part, settings: Mapping[str, Any]) -> Explainer[Any]:
    """The method with its settings; `ConfigError` where one does not fit."""
    kind: type[Explainer[Any]] = part.load()
    values = settings.get(part.name, {})
    values = values if isinstance(values, Mapping) else {"": values}
    return kind(read_settings(kind.settings_class, values, part.name))


def usual_method(opened: Opened) -> str:
    """The method for who names none."""
    if opened.bundle.contents.network is None:
        return WITHOUT
    try:
        opened.network.last_maps()
    except ModelError:
        return WITHOUT
    return WITH_MAPS


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


def drawn(opened: Opened, method: str, found: HeatMap | Plates) -> Pixels:
    """An explanation as pixels: a panel of a map, or a sheet of plates."""
    title = f"{opened.said()}: {method}"
    lines = (*_lines(opened, method, found), *found.notes)
    if isinstance(found, HeatMap):
        return heat_panel(
            opened.pixels,
            found.values,
            signed=found.signed,
            title=title,
            lines=lines,
            unit=found.unit,
        )
    return plates_sheet(title, lines, found)


def plates_sheet(title: str, lines: tuple[str, ...], found: Plates) -> Pixels:
    """Rows of plates as one sheet; short rows are filled up with blanks."""
    widest = max(len(plates) for _, plates in found.rows)
    rows = []
    for name, plates in found.rows:
        first = plates[0].pixels
        blank = np.full_like(first, 255)
        cells = [Cell(p.pixels, p.heading, p.caption) for p in plates]
        cells += [Cell(blank, "", ())] * (widest - len(cells))
        cells[0] = Cell(
            cells[0].pixels, f"{name}: {plates[0].heading}", plates[0].caption
        )
        rows.append(cells)
    return contact_sheet(title, lines, [""] * widest, rows)


def score_text(bundle: Bundle, score: float) -> str:
    """A probability in percent, or a number."""
    return f"{score:.4g}" if bundle.task.kind == "numeric" else f"{score:.1%}"


def require_free(path: Path, ending: str, *, force: bool) -> None:
    """Refuse a place that is taken, before anything is read.

    Raises:
        ConfigError: something is there and `force` is false, it is a folder, or its
            name has another ending.
    """
    if path.suffix.lower() != ending or path.is_dir():
        raise ConfigError(
            received=f"--out {path}.",
            expected=f"a file whose name ends in {ending}.",
            remedy=f"Try: --out {path.stem or 'explanation'}{ending}",
        )
    if path.exists() and not force:
        raise ConfigError(
            received=f"{path} exists.",
            expected="a new place for the explanation.",
            remedy="Choose another with --out, or replace it with --force.",
        )


def free_place(picture: Path, method: str, ending: str) -> Path:
    """The first free `explanations/<picture>-<method>-<number>` of that ending."""
    stem = "".join(letter if letter.isalnum() else "-" for letter in picture.stem)
    stem, number = stem.strip("-")[:40] or "picture", 1
    while (place := FOLDER / f"{stem}-{method}-{number:03d}{ending}").exists():
        number += 1
    return place


def _lines(opened: Opened, method: str, found: HeatMap | Plates) -> tuple[str, ...]:
    answer = next(
        iter(opened.bundle.predictions(("",), opened.scores[np.newaxis]))
    ).label
    asked = opened.class_name
    other = "" if answer == asked or not answer else f" The model answers {answer}."
    layer = f" Layer: {found.layer}." if found.layer else ""
    name = printable_name(opened.question.picture.name)
    what = opened.bundle.origin.get("network", "network")
    summary = EXPLAINERS.part(method).summary
    return (f"{name}, seen by {what}.{other}{layer}", f"{method}: {summary}")
