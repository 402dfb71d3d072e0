"""Which pixels one place of a map hangs on: size, distance and beginning.

After Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural
Networks" (2019).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Pair = tuple[float, float]


@dataclass(frozen=True)
class Field:
    """The pixels of place `p`: from `start + p * step`, `size` of them; (down, across).

    Args:
        size: pixels.
        step: pixels between the fields of neighbours.
        start: of the first place; below 0 where it begins in the padding.
    """

    size: Pair = (1.0, 1.0)
    step: Pair = (1.0, 1.0)
    start: Pair = (0.0, 0.0)

    def through(
        self,
        window: Sequence[int],
        strides: Sequence[int],
        padding: Sequence[int],
        dilation: Sequence[int] = (1, 1),
    ) -> "Field":
        """The field after a window of that size has moved over the map."""
        ways = range(2)
        return Field(
            size=_pair(
                self.size[n] + (window[n] - 1) * dilation[n] * self.step[n]
                for n in ways
            ),
            step=_pair(self.step[n] * strides[n] for n in ways),
            start=_pair(self.start[n] - padding[n] * self.step[n] for n in ways),
        )

    def joined(self, other: "Field") -> "Field":
        """The field of what takes both at one place."""
        start = _pair(map(min, self.start, other.start))
        ends = (max(a.start[n] + a.size[n] for a in (self, other)) for n in range(2))
        size = _pair(end - first for end, first in zip(ends, start, strict=True))
        return Field(size, _pair(map(max, self.step, other.step)), start)


def _pair(values: Iterable[float]) -> Pair:
    down, across = map(float, values)
    return down, across


def padding_before(
    sides: Sequence[int],
    window: Sequence[int],
    strides: Sequence[int],
    mode: str,
    dilation: Sequence[int] = (1, 1),
) -> tuple[int, int]:
    """Zeros above and left of the map, as TensorFlow pads ("same" or "valid")."""
    if mode != "same":
        return 0, 0
    found = []
    for side, wide, stride, spread in zip(
        sides, window, strides, dilation, strict=True
    ):
        needed = (-(-side // stride) - 1) * stride + (wide - 1) * spread + 1
        found.append(max(needed - side, 0) // 2)
    return found[0], found[1]
