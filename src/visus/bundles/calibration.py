"""Calibration: what a bundle knows of its own sureness, fitted before it was written.

A temperature divides what the network adds up before its last activation (Guo et al.,
"On calibration of modern neural networks", 2017). Scores tell that up to a constant, so
it is applied to scores, and the graph stays as it learned. Exports have it as their
last steps (`calibrated_graph`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles.foreign import ForeignRule
from visus.bundles.judged import Judged
from visus.bundles.runtime import Outputs
from visus.bundles.sets import SetRule
from visus.core.errors import ConfigError
from visus.tasks.base import Activation

Floats = NDArray[np.float32]
Arrays = Mapping[str, NDArray[Any]]

# Below it float32 has fewer digits, and some processors none.
SMALLEST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Calibration:
    """How raw scores become probabilities.

    Args:
        temperatures: one for all classes, or one a label; above 1 the network was too
            sure of itself.
        activation: with which the network ends.
        pictures: that this was fitted on; none of them is of the test.
        learned_from: which pictures these were, in words.
        sets: which classes may be true; `None` where that is not known.
        foreign: when a picture is called unknown; `None` where that is not known.
        missing: why one of these is not known, by its name.
    """

    temperatures: tuple[float, ...]
    activation: Activation
    pictures: int
    learned_from: str
    sets: SetRule | None = None
    foreign: ForeignRule | None = None
    missing: Mapping[str, str] = field(default_factory=dict)

    def scores(self, raw: Floats) -> Floats:
        """Calibrated scores of those of the graph, `(num_images, num_outputs)`."""
        return tempered(raw, self.temperatures, self.activation)

    def raw_scores(self, scores: Floats) -> Floats:
        """What the graph gave, from what `scores` made of it."""
        back = tuple(1 / temperature for temperature in self.temperatures)
        return tempered(scores, back, self.activation)

    def judge(self, scores: Floats, outputs: Outputs) -> Judged | None:
        """What can be said of pictures; `None` where nothing beside the scores can.

        Args:
            scores: calibrated, `(num_images, num_classes)`.
            outputs: what the network gave for the same pictures.
        """
        if self.sets is None:
            return None
        typicality = np.full(len(scores), np.nan, dtype=np.float32)
        unknown = np.zeros(len(scores), dtype=bool)
        if self.foreign is not None:
            typicality = self.foreign.typicality(self.foreign.strangeness(outputs))
            unknown = typicality <= self.foreign.rejected
        return Judged(self.sets.sets(scores), typicality, unknown)

    def asking(self, coverage: float) -> "Calibration":
        """The same at another position of the coverage dial.

        Raises:
            ConfigError: the dial has no such position.
        """
        if self.sets is None:
            raise ConfigError(
                received=f"A coverage of {coverage:g}.",
                expected="none: the model knows no prediction sets; "
                f"{self.missing.get('sets', 'nobody said why')}.",
                remedy="Leave it out, or train with more validation pictures.",
            )
        return replace(self, sets=self.sets.asking(coverage))

    def require_fitting(self, outputs: int) -> None:
        """Refuse, with a `ValueError`, what is meant for another number of outputs."""
        if self.activation not in ("softmax", "sigmoid"):
            raise ValueError(f"{self.activation!r} is no activation")
        if len(self.temperatures) not in (1, outputs):
            raise ValueError(f"{len(self.temperatures)} temperatures for {outputs}")

    def to_json(self) -> dict[str, Any]:
        """All but arrays, as plain data."""
        return {
            "temperatures": list(self.temperatures),
            "activation": self.activation,
            "pictures": self.pictures,
            "learned_from": self.learned_from,
            "sets": self.sets.to_json() if self.sets else None,
            "foreign": self.foreign.to_json() if self.foreign else None,
            "missing": dict(self.missing),
        }

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What is no plain data, by name."""
        return self.foreign.to_arrays() if self.foreign else {}

    @classmethod
    def of(cls, values: Mapping[str, Any], arrays: Arrays) -> "Calibration":
        """Read what `to_json` and `to_arrays` gave.

        Raises:
            KeyError: something is missing.
            ValueError: a temperature is none.
        """
        temperatures = tuple(map(float, values["temperatures"]))
        if not temperatures or not all(0 < t < np.inf for t in temperatures):
            raise ValueError(f"{values['temperatures']} are no temperatures")
        return cls(
            temperatures=temperatures,
            activation=values["activation"],
            pictures=int(values["pictures"]),
            learned_from=str(values["learned_from"]),
            sets=SetRule.of(values["sets"]) if values["sets"] else None,
            foreign=(
                ForeignRule.of(values["foreign"], arrays) if values["foreign"] else None
            ),
            missing=dict(values["missing"]),
        )


def tempered(
    scores: Floats, temperatures: tuple[float, ...], activation: Activation
) -> Floats:
    """The scores that logits divided by a temperature would have given.

    Args:
        scores: `(num_images, num_outputs)`, after softmax or sigmoid.
        temperatures: one, or one an output.
        activation: "softmax" or "sigmoid".

    Example:
        >>> flat = tempered(np.array([[0.9, 0.1]]), (2.0,), "softmax")
        >>> flat.round(2).tolist()                # 3 to 1, the root of 9 to 1
        [[0.75, 0.25]]
    """
    if all(temperature == 1 for temperature in temperatures):
        return scores
    divisors = np.asarray(temperatures, dtype=np.float64)
    kept = scores.astype(np.float64)
    logs = np.log(np.maximum(kept, SMALLEST)) / divisors
    if activation == "softmax":
        powers = np.exp(logs - logs.max(axis=1, keepdims=True, initial=-np.inf))
        shares = powers / powers.sum(axis=1, keepdims=True)
    else:
        others = np.log(np.maximum(1 - kept, SMALLEST)) / divisors
        largest = np.maximum(logs, others)
        yes, no = np.exp(logs - largest), np.exp(others - largest)
        shares = yes / (yes + no)
    return np.asarray(shares, dtype=np.float32)
