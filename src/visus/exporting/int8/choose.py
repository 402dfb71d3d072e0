"""Which convolutions stay in float: as few as the budget of accuracy allows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from visus.bundles.runtime import Session
from visus.core.progress import Progress
from visus.data.batches import Pixels
from visus.exporting.int8.graph import quantized_graph
from visus.exporting.int8.layers import Layers
from visus.exporting.int8.ranges import Range

# Pictures on which the harm of each layer alone is measured.
HARM_PICTURES = 32


@dataclass(frozen=True)
class Chosen:
    """The graph that keeps the budget.

    Args:
        graph: serialised.
        kept: convolutions in float.
        figure: what the budget is of, as the graph reaches it.
    """

    graph: bytes
    kept: tuple[str, ...]
    figure: float


def choose_layers(
    layers: Layers,
    ranges: Mapping[str, Range],
    judge: Callable[[bytes], float],
    floor: float,
    harms: Callable[[], Mapping[str, float]],
) -> Chosen | None:
    """Leave none in float, then the 1, 2, 4, ... that do most harm, until it is enough.

    Args:
        layers: of the float graph.
        ranges: of its values.
        judge: the figure that a graph reaches.
        floor: what it must reach.
        harms: gives the harm of each convolution; asked only where it is needed.

    Returns:
        the first that reaches the floor; `None` where none does with a convolution
        left in eight bits.
    """
    ranked: Sequence[str] = ()
    count, total = 0, len(layers.convolutions)
    while count < total:
        if count and not ranked:
            found = harms()
            ranked = sorted(found, key=lambda name: -found[name])
        kept = tuple(ranked[:count])
        graph = quantized_graph(layers, ranges, kept)
        figure = judge(graph)
        if figure >= floor:
            return Chosen(graph, kept, figure)
        count = max(1, 2 * count)
    return None


def measure_harms(
    layers: Layers,
    ranges: Mapping[str, Range],
    pixels: Pixels,
    progress: Progress,
) -> dict[str, float]:
    """By how much each convolution alone in eight bits moves the scores.

    Returns:
        mean squared difference of the scores, by convolution.
    """
    some = pixels[:HARM_PICTURES]
    expected = Session(layers.model.SerializeToString()).scores(some)
    harms = {}
    names = layers.convolutions
    with progress.stage("Measuring what each layer costs", len(names)):
        for name in names:
            kept = [other for other in names if other != name]
            scores = Session(quantized_graph(layers, ranges, kept)).scores(some)
            harms[name] = float(np.square(scores - expected).mean())
            progress.advance()
    return harms
