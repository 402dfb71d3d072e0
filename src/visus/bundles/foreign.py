"""How strange a picture is to a network: whether it is of the kind that it knows.

- mahalanobis: the distance of its features to the nearest class mean, in spreads of the
  features within classes (Lee et al., "A simple unified framework for detecting
  out-of-distribution samples and adversarial attacks", 2018). Few axes have a spread
  of their own, all others share one (Tipping and Bishop, "Probabilistic principal
  component analysis", 1999): with a thousand features that needs less room, and fewer
  pictures.
- nearest: the distance of its direction to the k-th nearest training picture's (Sun et
  al., "Out-of-distribution detection with deep nearest neighbors", 2022).
- energy: how little evidence there is for any class (Liu et al., "Energy-based
  out-of-distribution detection", 2020).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from visus.bundles.runtime import Outputs

Floats = NDArray[np.float32]
Values = NDArray[np.float64]
Arrays = Mapping[str, NDArray[Any]]
Method = Literal["mahalanobis", "nearest", "energy"]

NO_FEATURES = "the network has no features to tell strangeness by"
# The arrays that each method needs.
NEEDS: dict[str, tuple[str, ...]] = {
    "mahalanobis": ("means", "axes", "variances", "rest"),
    "nearest": ("bank", "place"),
    "energy": (),
}
# Pictures at a time: distances to thousands of pictures would not stay in the cache.
PIECE = 256


@dataclass(frozen=True)
class ForeignRule:
    """When a picture is called unknown.

    Args:
        method: how strangeness is told.
        rejected: share of pictures of the own kind that may be called unknown.
        held: strangeness of such pictures, rising `(num_held,)`.
        arrays: what the method learned, by name.
        compared: by method, how well it told held-out pictures from stand-ins of
            foreign ones (the area under the ROC curve).
    """

    method: Method
    rejected: float
    held: Values
    arrays: Arrays
    compared: Mapping[str, float] = field(default_factory=dict)

    def strangeness(self, outputs: Outputs) -> Values:
        """The larger, the stranger `(num_images,)`; what it counts is the method's."""
        return strangeness(self.method, self._wide, outputs)

    @cached_property
    def _wide(self) -> Arrays:
        # Kept in few bytes, and widened once: a server asks for every picture anew.
        kind = np.float32 if self.method == "nearest" else np.float64
        return {
            name: array.astype(kind) if array.ndim > 1 else array
            for name, array in self.arrays.items()
        }

    def typicality(self, strange: Values) -> Floats:
        """Share of pictures of the own kind that are as strange, or stranger.

        The p value of conformal outlier detection (Bates et al., "Testing for outliers
        with conformal p-values", 2023): at most a share p of them has p or less.

        Args:
            strange: of pictures, as `strangeness` tells it `(num_images,)`.
        """
        below = np.searchsorted(self.held, strange, side="left")
        stranger = len(self.held) - below
        return np.asarray((1 + stranger) / (len(self.held) + 1), dtype=np.float32)

    def to_json(self) -> dict[str, Any]:
        """All but arrays, as plain data."""
        return {
            "method": self.method,
            "rejected": self.rejected,
            "compared": dict(self.compared),
        }

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What is no plain data, by name."""
        return {"foreign_held": self.held} | {
            f"foreign_{name}": array for name, array in self.arrays.items()
        }

    @classmethod
    def of(cls, values: Mapping[str, Any], arrays: Arrays) -> "ForeignRule":
        """Read what `to_json` and `to_arrays` gave.

        Raises:
            KeyError: something is missing.
        """
        names = NEEDS[values["method"]]
        return cls(
            method=values["method"],
            rejected=float(values["rejected"]),
            held=np.asarray(arrays["foreign_held"], dtype=np.float64),
            arrays={name: arrays[f"foreign_{name}"] for name in names},
            compared={name: float(v) for name, v in values["compared"].items()},
        )


def strangeness(method: Method, arrays: Arrays, outputs: Outputs) -> Values:
    """How strange pictures are, by a method and what it has learned `(num_images,)`."""
    if method == "energy":
        return _energy(_given(outputs.logits))
    features = _given(outputs.features)
    pieces = [
        _mahalanobis(features[first : first + PIECE], arrays)
        if method == "mahalanobis"
        else _nearest(features[first : first + PIECE], arrays)
        for first in range(0, len(features), PIECE)
    ]
    return np.concatenate(pieces) if pieces else np.empty(0)


def unit_directions(features: Floats) -> Floats:
    """Rows of length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, np.float32(1e-12)))


def _energy(logits: Floats) -> Values:
    values = logits.astype(np.float64)
    largest = values.max(axis=1)
    return np.asarray(-(largest + np.log(np.exp(values - largest[:, None]).sum(1))))


def _mahalanobis(features: Floats, arrays: Arrays) -> Values:
    means, axes = (arrays[n].astype(np.float64, copy=False) for n in ("means", "axes"))
    variances, rest = arrays["variances"].astype(np.float64), float(arrays["rest"])
    rows = features.astype(np.float64)
    along, middles = rows @ axes.T, means @ axes.T
    spreads = np.sqrt(variances)
    outside = np.maximum(_squares(rows, means) - _squares(along, middles), 0) / rest
    inside = _squares(along / spreads, middles / spreads)
    return np.asarray((inside + outside).min(axis=1))


def _nearest(features: Floats, arrays: Arrays) -> Values:
    bank = arrays["bank"].astype(np.float32, copy=False)
    place = min(int(arrays["place"]), len(bank)) - 1
    away = _squares(unit_directions(features), bank)
    return np.asarray(np.partition(away, place, axis=1)[:, place], dtype=np.float64)


def _squares(rows: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """Squared distances `(num_rows, num_others)`."""
    lengths = (rows**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)
    return np.asarray(np.maximum(lengths - 2 * rows @ others.T, 0))


def _given(values: Floats | None) -> Floats:
    if values is None:
        raise ValueError(NO_FEATURES)
    return values
