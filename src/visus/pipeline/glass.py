"""visus explain --glass: a page in which the network is clicked through."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visus.core.errors import ConfigError
from visus.core.files import write_text
from visus.core.progress import Progress
from visus.data.names import printable_name
from visus.pipeline.explained_place import free_place, require_free
from visus.pipeline.question import Opened, Question, open_question, score_text

if TYPE_CHECKING:
    from visus.models.opened import OpenedNetwork


@dataclass(frozen=True)
class GlassPage:
    """A page, written.

    Args:
        opened: what was asked and answered.
        steps: how many the network has.
        notes: sentences a person should read.
        out: the HTML file.
    """

    opened: Opened
    steps: int
    notes: tuple[str, ...]
    out: Path

    def to_json(self) -> dict[str, Any]:
        """As `visus explain --glass --json` prints it."""
        return {
            **self.opened.to_json(),
            "steps": self.steps,
            "notes": list(self.notes),
            "out": str(self.out),
            "bytes": self.out.stat().st_size,
        }


def write_glass(
    question: Question,
    *,
    out: Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> GlassPage:
    """Write the page of one picture's way through the network.

    Args:
        question: the model and the picture.
        out: an HTML file; `None`: the first free
            `explanations/<picture>-glass-<number>.html`.
        force: replace a file that is there.
        progress: who is told; nobody by default.

    Raises:
        ModelError: the bundle holds no layers, or too many weights for a page.
        ConfigError: the place is taken.
    """
    from visus.explanation.glass import glass_page, steps_of

    if out is not None:
        require_free(out, ".html", force=force)
    _require_nothing_else(question)
    opened = open_question(question, progress)
    out = out or free_place(question.picture, "glass", ".html")
    network = opened.network
    notes = (*_fitted(opened, network), *_calibrated(opened))
    with opened.progress.stage("Writing the page"):
        steps = steps_of(network, opened.pixels)
        page = glass_page(steps, _told(opened, notes))
        write_text(out, page)
    return GlassPage(opened, len(steps), notes, out)


def _require_nothing_else(question: Question) -> None:
    given = [
        word
        for word, value in (
            ("--layer", question.layer),
            ("--data", question.data),
            ("--set", question.settings),
        )
        if value
    ]
    if given:
        raise ConfigError(
            received=f"{' and '.join(given)} with --glass.",
            expected="neither: the page shows the whole network.",
            remedy="Leave it out.",
        )


def _fitted(opened: Opened, network: "OpenedNetwork") -> tuple[str, ...]:
    """Weights rounded, where there are many; what that does to the score is told."""
    from visus.explanation.glass.page import holds_whole, rounded

    model = network.model
    if holds_whole(model.count_params()):
        return ()
    model.set_weights([rounded(np.asarray(array)) for array in model.get_weights()])
    images = network.images(opened.pixels[np.newaxis])
    raw = np.asarray(model(images, training=False))
    score = float(opened.bundle.calibrated(raw)[0, opened.output])
    change = abs(score - float(opened.scores[opened.output]))
    return (
        "To keep the page small each weight has 16 bits instead of 32, which changes "
        f"the score of {opened.class_name} by {change:.1g}.",
    )


def _calibrated(opened: Opened) -> tuple[str, ...]:
    """Why the heading has another probability than the network's last step."""
    calibration = opened.bundle.calibration
    if calibration is None or all(t == 1 for t in calibration.temperatures):
        return ()
    score = score_text(opened.bundle, opened.scores[opened.output])
    return (
        "The heading is calibrated: the network's last step is held against how often "
        f"it was right, which makes {score} of it.",
    )


def _told(opened: Opened, notes: tuple[str, ...]) -> dict[str, Any]:
    kind = opened.bundle.task.kind
    return {
        "title": f"The glass network: {opened.said()}",
        "picture": printable_name(opened.question.picture.name),
        "network": str(opened.bundle.origin.get("network", "network")),
        "names": opened.bundle.class_names,
        "output": opened.output,
        "unit": "number" if kind == "numeric" else "probability",
        "notes": notes,
    }
