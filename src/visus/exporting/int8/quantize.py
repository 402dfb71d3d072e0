"""From a bundle and pictures to its graph in eight bits, with what that costs."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from visus.bundles import Bundle
from visus.bundles.runtime import Session
from visus.core.errors import ConfigError, ModelError
from visus.core.progress import Progress
from visus.core.report import Fact, Report, Table
from visus.data.batches import Batch, Pixels
from visus.exporting.base import Floats
from visus.exporting.int8.choose import choose_layers, measure_harms
from visus.exporting.int8.layers import read_layers
from visus.exporting.int8.ranges import find_ranges
from visus.exporting.int8.speed import compare_speeds
from visus.exporting.proof import same_answers

# The first figure of each task, of which the budget is.
FIGURES = {
    "single-label": "accuracy",
    "multi-label": "mean_average_precision",
    "numeric": "r_squared",
}
# More change the ranges no more.
CALIBRATION_PICTURES = 128
POINT = 0.01


@dataclass(frozen=True)
class Side:
    """One of the two graphs.

    Args:
        size: bytes of the graph.
        figure: on the validation pictures.
        images_per_second: on this machine, in ONNX Runtime.
    """

    size: int
    figure: float
    images_per_second: float


@dataclass(frozen=True)
class Quantized:
    """A graph in eight bits beside the float one.

    Args:
        graph: serialised.
        before: the float graph.
        after: the graph in eight bits.
        figure_name: what the budget is of.
        budget: how much of it may be lost, in points.
        convolutions: how many there are.
        kept: how many of them stay in float.
        calibrated_on: training pictures.
        measured_on: validation pictures.
        same_answers: share of them that both answer alike.
    """

    graph: bytes
    before: Side
    after: Side
    figure_name: str
    budget: float
    convolutions: int
    kept: int
    calibrated_on: int
    measured_on: int
    same_answers: float

    @property
    def points_lost(self) -> float:
        """Of the figure; below 0 where it gained."""
        return (self.before.figure - self.after.figure) / POINT

    @property
    def times_as_fast(self) -> float:
        """Images a second, after over before."""
        return self.after.images_per_second / self.before.images_per_second

    def to_json(self) -> dict[str, Any]:
        """As `visus export --json` prints it."""
        sides = {"float": self.before, "int8": self.after}
        return {
            "figure": self.figure_name,
            "budget_points": self.budget,
            "points_lost": round(self.points_lost, 4),
            "times_as_fast": round(self.times_as_fast, 3),
            "convolutions": self.convolutions,
            "convolutions_in_float": self.kept,
            "calibration_pictures": self.calibrated_on,
            "validation_pictures": self.measured_on,
            "same_answers": self.same_answers,
            **{
                name: {
                    "bytes": side.size,
                    self.figure_name: side.figure,
                    "images_per_second": round(side.images_per_second, 1),
                }
                for name, side in sides.items()
            },
        }

    @property
    def report(self) -> Report:
        """Size, figure and speed before and after."""
        figure = self.figure_name.replace("_", " ")
        rows = (
            ("size in MB", self.before.size / 1e6, self.after.size / 1e6),
            (f"{figure}, %", 100 * self.before.figure, 100 * self.after.figure),
            (
                "images a second",
                self.before.images_per_second,
                self.after.images_per_second,
            ),
        )
        return Report(
            title="Convolutions in eight bits",
            facts=(
                Fact(
                    name="points_lost",
                    value=self.points_lost,
                    text=f"{self.points_lost:+.2f} (allowed: {self.budget:g})",
                ),
                Fact(
                    name="times_as_fast",
                    value=self.times_as_fast,
                    text=f"{self.times_as_fast:.2f}",
                ),
                Fact(
                    name="same_answers",
                    value=self.same_answers,
                    text=f"{self.same_answers:.1%}",
                ),
            ),
            tables=(
                Table(
                    title="Before and after",
                    columns=("what", "float", "int8"),
                    rows=tuple(
                        (what, round(one, 2), round(other, 2))
                        for what, one, other in rows
                    ),
                    note=f"{self.convolutions - self.kept} of {self.convolutions} "
                    f"convolutions are in eight bits; calibrated on "
                    f"{self.calibrated_on} training pictures, measured on "
                    f"{self.measured_on} validation pictures; speeds on this machine.",
                ),
            ),
        )


def quantize(
    bundle: Bundle,
    calibration: Pixels,
    held: Batch,
    budget: float,
    progress: Progress,
) -> Quantized:
    """Bring convolutions to eight bits, as many as the budget allows.

    Args:
        bundle: the model.
        calibration: prepared pictures of the training split.
        held: those of the validation split, with targets.
        budget: points of the task's first figure that may be lost.
        progress: who is told.

    Raises:
        ConfigError: the network has no convolutions.
        ModelError: the budget allows not one of them.
    """
    graph = bundle.whole_graph
    layers = read_layers(graph)
    if not layers.convolutions:
        raise _no_convolutions(bundle)
    pixels = _spread(calibration, CALIBRATION_PICTURES)
    with progress.stage("Calibrating"):
        ranges = find_ranges(layers, pixels)
    float_scores = bundle.scores(held.pixels)
    before = figure_of(bundle, float_scores, held)
    answered: dict[bytes, Floats] = {}

    def judge(content: bytes) -> float:
        answered.clear()
        answered[content] = Session(content).scores(held.pixels)
        return figure_of(bundle, answered[content], held)

    with progress.stage("Measuring on the validation pictures"):
        chosen = choose_layers(
            layers,
            ranges,
            judge,
            before - budget * POINT,
            lambda: measure_harms(layers, ranges, pixels, progress),
        )
    if chosen is None:
        raise _budget_too_small(bundle, budget)
    with progress.stage("Comparing speeds"):
        speeds = compare_speeds(graph, chosen.graph, held.pixels)
    scores = answered[chosen.graph]
    return Quantized(
        graph=chosen.graph,
        before=Side(len(graph), before, speeds[0]),
        after=Side(len(chosen.graph), chosen.figure, speeds[1]),
        figure_name=FIGURES[bundle.task.kind],
        budget=budget,
        convolutions=len(layers.convolutions),
        kept=len(chosen.kept),
        calibrated_on=len(pixels),
        measured_on=len(held),
        same_answers=float(same_answers(bundle, float_scores, scores).mean()),
    )


def figure_of(bundle: Bundle, scores: Floats, held: Batch) -> float:
    """The task's first figure of these scores."""
    figures = bundle.task.metrics(scores, held.targets, held.weights)
    return figures[FIGURES[bundle.task.kind]]


def _spread(pixels: Pixels, count: int) -> Pixels:
    """So many pictures, from the first to the last."""
    if len(pixels) <= count:
        return pixels
    return pixels[np.linspace(0, len(pixels) - 1, count).astype(int)]


def _no_convolutions(bundle: Bundle) -> ConfigError:
    return ConfigError(
        received=f"{bundle.path} has no convolution.",
        expected="a network with convolutions, which --int8 brings to eight bits.",
        remedy="Export it without --int8.",
    )


def _budget_too_small(bundle: Bundle, budget: float) -> ModelError:
    return ModelError(
        received=f"With any of its convolutions in eight bits, {bundle.path} loses "
        f"more than {budget:g} points on the validation pictures.",
        expected="a network that bears eight bits, or a larger budget.",
        remedy="Nothing was written. Allow more with --budget, or export without "
        "--int8.",
    )
