"""POST /explain of a server: the methods that need only the ONNX graph."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from visus.core.errors import ConfigError, unknown_name
from visus.core.progress import SilentProgress
from visus.data.encode import encode_png
from visus.explanation import EXPLAINERS
from visus.explanation.base import Floats, HeatMap, Pixels
from visus.pipeline.explain import WITHOUT
from visus.pipeline.explained_panel import drawn
from visus.pipeline.question import Opened, Question, make_explainer
from visus.serving.explaining import Explained, GoOn
from visus.serving.explaining import Question as Asked

# Pictures in one call of the network, which a thread that nobody waits for still ends.
PIECE = 16


def explain_served(asked: Asked, go_on: GoOn) -> Explained:
    """Explain one answer of a served model, without Keras.

    Args:
        asked: what is to be explained.
        go_on: raises where nobody waits any more.

    Raises:
        ConfigError: there is no such class, no such method, or it needs more than the
            graph.
    """
    method = asked.method or WITHOUT
    possible = [
        p.name
        for p in EXPLAINERS
        if p.facts["needs"] == "graph" and p.facts["gives"] == "map"
    ]
    if method not in EXPLAINERS.names():
        raise unknown_name("method", method, possible)
    part = EXPLAINERS.part(method)
    if method not in possible:
        raise ConfigError(
            received=f"The method {method}, which needs {part.facts['needs']}.",
            expected=f"one that needs only the graph: {', '.join(possible)}.",
            remedy="Choose one of them, or use `visus explain` where the model lies.",
        )
    bundle = asked.bundle
    question = Question(bundle.path, Path(asked.name), class_name=asked.class_name)
    opened = Opened(question, bundle, asked.pixels, SilentProgress())
    subject = replace(opened.subject(), scores=_patient(bundle.scores, go_on))
    found = make_explainer(part, {}).explain(subject)
    if not isinstance(found, HeatMap):
        raise TypeError(f"{method} gave no map")
    told = opened.to_json()
    facts = {name: told[name] for name in ("answer", "class", "score")}
    return Explained(
        facts={
            **facts,
            "method": method,
            "unit": found.unit,
            "signed": found.signed,
            "notes": list(found.notes),
        },
        values=found.values,
        panel=encode_png(drawn(opened, method, found)) if asked.drawn else None,
    )


def _patient(
    scores: Callable[[Pixels], Floats], go_on: GoOn
) -> Callable[[Pixels], Floats]:
    """The same, as long as somebody waits for it."""

    def asked(pixels: Pixels) -> Floats:
        pieces = []
        for first in range(0, len(pixels), PIECE):
            go_on()
            pieces.append(scores(pixels[first : first + PIECE]))
        return np.concatenate(pieces)

    return asked
