"""The page: the network's weights, its steps and our own JavaScript in one file."""

import base64
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import ModelError
from visus.core.seeds import random_generator
from visus.explanation.glass.steps import Step

# Up to so many weights they are kept whole; of more, each loses half of its bits.
MOST_WHOLE = 400_000
# A page with more would be larger than most mail boxes and browsers like.
MOST_WEIGHTS = 8_000_000
# Places of each step whose values are compared with Keras's.
CHECKED = 300
SCRIPTS = ("arithmetic.js", "drawing.js", "working.js", "page.js")
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:"
)

Array = NDArray[Any]


def holds_whole(count: int) -> bool:
    """Whether a network of so many weights is embedded without rounding.

    Raises:
        ModelError: it is too large for a page.
    """
    if count > MOST_WEIGHTS:
        raise ModelError(
            received=f"A network of {count:,} weights for one page.",
            expected=f"at most {MOST_WEIGHTS:,}: they all lie in the file.",
            remedy="Look into a smaller network, or use --method feature-maps.",
        )
    return count <= MOST_WHOLE


def rounded(weights: Array) -> Array:
    """Weights as the page will have them when each keeps 16 bits."""
    return np.asarray(_halved(weights).astype(np.float32))


def glass_page(steps: Sequence[Step], told: Mapping[str, Any]) -> str:
    """The whole page, which needs nothing but itself.

    Args:
        steps: of the network; weights are embedded as float16 where they are exactly
            that, else as float32.
        told: `title`, `picture`, `network`, `names` of the scores, the `output` that
            is looked at, `unit` of the scores, and `notes`, sentences to read.
    """
    network = {**told, "steps": [_told(step, n) for n, step in enumerate(steps)]}
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>The glass network</title>"
        f"<style>{_asset('glass.css')}</style></head>\n<body>{_asset('glass.html')}"
        f'<script type="application/json" id="network">{_safe_json(network)}</script>\n'
        f"<script>{''.join(map(_asset, SCRIPTS))}</script></body></html>\n"
    )


def _told(step: Step, number: int) -> dict[str, Any]:
    told = {
        "name": step.name,
        "kind": step.kind,
        "inputs": step.inputs,
        "shape": step.values.shape,
        "choices": step.choices,
        "arrays": {name: _packed(array) for name, array in step.arrays.items()},
        "parameters": sum(array.size for array in step.arrays.values()),
        "sees": vars(step.sees) if step.sees else None,
        "check": _checked(step, number),
    }
    if step.kind == "input":
        told["values"] = _packed(step.values.astype(np.uint8))
    elif step.kind == "given":
        told["values"] = _packed(step.values)
    return told


def _checked(step: Step, number: int) -> dict[str, Any]:
    """Places of a step, drawn by chance, and what Keras has there."""
    draws = random_generator(0, "glass-check", number)
    count = min(CHECKED, step.values.size)
    places = np.sort(draws.choice(step.values.size, count, replace=False))
    values = step.values.reshape(-1)[places].astype(np.float32)
    return {
        "places": _packed(places.astype(np.uint32)),
        "values": _packed(values),
        "largest": float(np.abs(step.values).max(initial=0)),
    }


def _packed(array: Array) -> dict[str, str]:
    """An array as base64 of little-endian numbers, in as few bytes as lose nothing."""
    if array.dtype == np.float32:
        half = _halved(array)
        array = half if np.array_equal(half.astype(np.float32), array) else array
    content = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"))
    return {
        "type": array.dtype.name,
        "data": base64.b64encode(content.tobytes()).decode("ascii"),
    }


def _halved(array: Array) -> Array:
    # What 16 bits cannot hold becomes infinite, and is then seen not to be equal.
    with np.errstate(over="ignore"):
        return array.astype(np.float16)


def _safe_json(value: Any) -> str:
    """JSON that may stand in a page: nothing in it can end the script element."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _asset(name: str) -> str:
    return files("visus.explanation.glass").joinpath(name).read_text(encoding="utf-8")
