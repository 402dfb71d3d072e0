"""integrated-gradients: the logit shared out among the pixels, nothing left over."""

from typing import final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from visus.core.settings import Settings
from visus.explanation.base import Floats, HeatMap, MapExplainer, Subject
from visus.explanation.covering import Fill, fill_color, pieces
from visus.explanation.resize import shared_out

# Gradients hold on to everything that the network computes.
PIECE = 8
# What may be left over, as a share of what is to be shared out.
TOLERANCE = 0.01
# A logit that hardly moves cannot be shared out in percents.
LEAST_DIFFERENCE = 0.05
# Steps of a map that is only compared with others.
ROUGH_STEPS = 16

Values = NDArray[np.float64]


class IntegratedGradientsSettings(Settings):
    """From where, and in how many steps."""

    fill: Fill = Field("mean", description="the path begins at mean, black or gray")
    steps: int = Field(32, ge=2, le=4096, description="at first, all equally long")
    most_steps: int = Field(
        512, ge=2, le=65_536, description="no more than these, halved where needed"
    )
    spread: float = Field(
        0.02,
        ge=0,
        le=0.5,
        description="how far a pixel's part is shared out among those near it: the "
        "standard deviation, of the picture's sides; 0: not at all",
    )


@final
class IntegratedGradients(MapExplainer[IntegratedGradientsSettings]):
    """Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks" (2017).

    `(x - x') * mean gradient` on the straight way from an empty picture `x'` to the
    picture `x` (equation 1), by the trapezoidal rule. The sum over all pixels is
    `logit(x) - logit(x')` (completeness, proposition 1): until no more than 1 % is
    missed, steps are halved, and what is missed in the end is told.

    The empty picture has the mean color of the picture: a black one would give dark
    pixels no part whatever they show (Sturmfels et al., "Visualizing the impact of
    feature attribution baselines", 2020). Parts are shared out among near pixels, since
    gradients of single ones are mostly grain (Smilkov et al., 2017); the sum stays.

    A logit mostly moves near the empty picture (Miglani et al., "Investigating
    saturation effects in integrated gradients", 2020), so the steps that are halved are
    those that miss most: how much a step misses is known, since its two ends tell the
    logit too. A rough map (`rough`) has few equal steps and owes no completeness: it is
    for networks of shuffled weights, which promise nothing.
    """

    settings_class = IntegratedGradientsSettings

    def explain(self, subject: Subject) -> HeatMap:
        """Parts of the logit; below 0 where a pixel speaks against the class."""
        settings = self.settings
        way = _Way(subject, settings.fill, settings.steps)
        while not way.is_complete and way.steps < settings.most_steps:
            way.halve(min(PIECE, settings.most_steps - way.steps))
        parts = shared_out(way.parts(), settings.spread)
        note = (
            f"The parts add up to {parts.sum():.4g}; the logit of the picture, less "
            f"that of an empty one, is {way.whole:.4g} ({way.steps} steps)."
        )
        if not way.is_complete:
            note += " More than 1 % is missed: raise integrated-gradients.most_steps."
        return HeatMap(parts, "part of the logit", signed=True, notes=(note,))

    def rough(self) -> "IntegratedGradients":
        """With few steps, whatever they miss."""
        few = min(ROUGH_STEPS, self.settings.steps)
        changed = {"steps": few, "most_steps": few}
        return IntegratedGradients(self.settings.model_copy(update=changed))


class _Way:
    """The straight way from an empty picture to the picture, in steps.

    Args:
        subject: the picture.
        fill: what is empty.
        steps: equally long ones to begin with.
    """

    def __init__(self, subject: Subject, fill: Fill, steps: int) -> None:
        self._network, self._output = subject.network(), subject.output
        empty = np.empty_like(subject.pixels)
        empty[...] = fill_color(subject.pixels, fill).round()
        start, end = self._network.images(np.stack([empty, subject.pixels]))
        self._start, self._across = start, end - start
        # Of each place, in order: where it is, its logit, and the slopes by pixel.
        self._places = np.empty(0)
        self._logits = np.empty(0)
        self._slopes: Floats = np.empty((0, *subject.size), np.float32)
        self._add(np.linspace(0, 1, steps + 1))

    @property
    def steps(self) -> int:
        """How many there are."""
        return len(self._places) - 1

    @property
    def whole(self) -> float:
        """What is to be shared out."""
        return float(self._logits[-1] - self._logits[0])

    @property
    def is_complete(self) -> bool:
        """Whether all steps together miss next to nothing."""
        allowed = TOLERANCE * max(abs(self.whole), LEAST_DIFFERENCE)
        return abs(float(self._missed().sum())) <= allowed

    def halve(self, count: int) -> None:
        """Halve so many steps, those that miss most."""
        worst = np.argsort(-np.abs(self._missed()), kind="stable")[:count]
        self._add((self._places[worst] + self._places[worst + 1]) / 2)

    def parts(self) -> Floats:
        """What each pixel has of it `(height, width)`."""
        lengths = np.diff(self._places)
        shares = np.concatenate([lengths, [0]]) + np.concatenate([[0], lengths])
        parts = np.einsum("p,phw->hw", shares / 2, self._slopes)
        return np.asarray(parts, dtype=np.float32)

    def _missed(self) -> Values:
        """What each step misses of what its logit rises by `(num_steps,)`."""
        slopes = self._slopes.sum(axis=(1, 2), dtype=np.float64)
        told = np.diff(self._places) * (slopes[:-1] + slopes[1:]) / 2
        return np.asarray(told - np.diff(self._logits))

    def _add(self, places: Values) -> None:
        logits, slopes = [self._logits], [self._slopes]
        for piece in pieces(len(places), PIECE):
            way = places[piece, None, None, None].astype(np.float32) * self._across
            found, told = self._network.image_gradients(self._start + way, self._output)
            slopes.append((found * self._across).sum(axis=3))
            logits.append(told.astype(np.float64))
        joined = np.concatenate([self._places, places])
        order = np.argsort(joined, kind="stable")
        self._places = joined[order]
        self._logits = np.concatenate(logits)[order]
        self._slopes = np.concatenate(slopes)[order]
