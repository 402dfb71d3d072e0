"""visus explain: why a model answers a picture as it does, drawn."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from visus.core.errors import ModelError
from visus.core.files import write_bytes
from visus.core.progress import Progress
from visus.data.encode import encode_png
from visus.explanation import EXPLAINERS
from visus.explanation.base import HeatMap, Plates
from visus.pipeline.explained_panel import drawn
from visus.pipeline.explained_place import free_place, require_free
from visus.pipeline.question import (
    Opened,
    Question,
    make_explainer,
    open_question,
    require_used,
)

# With layers at hand, and without.
WITH_MAPS, WITHOUT = "grad-cam", "occlusion"


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
    part = EXPLAINERS.part(method)
    require_used(question, part)
    explainer = make_explainer(part, question.settings)
    out = out or free_place(question.picture, method, ".png")
    with opened.progress.stage(f"Explaining by {method}"):
        found = explainer.explain(opened.subject())
    write_bytes(out, encode_png(drawn(opened, method, found)))
    return Explained(opened, method, found, out)


def usual_method(opened: Opened) -> str:
    """The method for who names none."""
    if opened.bundle.contents.network is None:
        return WITHOUT
    try:
        opened.network.last_maps()
    except ModelError:
        return WITHOUT
    return WITH_MAPS
