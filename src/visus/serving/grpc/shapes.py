"""Shapes that strangers send: checked before anything of their size is made."""

from collections.abc import Iterable
from math import prod
from typing import Any

from numpy.typing import NDArray

from visus.serving.refusals import Refusal, invalid

# Batch, height, width, channels, and some to spare.
MOST_AXES = 8
# No array of this size is made for a shape alone: values must be there for it.
MOST_VALUES = 2**40


def read_shape(name: str, sizes: Iterable[int]) -> tuple[int, ...]:
    """The sizes of the input `name`.

    Raises:
        Refusal: too many axes, a negative or unknown size, or too many values.
    """
    shape = tuple(sizes)
    if len(shape) > MOST_AXES:
        raise _odd(name, f"{len(shape)} axes", f"at most {MOST_AXES}")
    # A zero would hide the size of the other axes.
    if any(size < 0 for size in shape) or prod(filter(None, shape)) > MOST_VALUES:
        raise _odd(
            name,
            f"the shape {list(shape)}",
            f"sizes of 0 or more, together at most {MOST_VALUES:,} values",
        )
    return shape


def shaped(name: str, values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The values in that shape.

    Raises:
        Refusal: there are more or fewer.
    """
    if len(values) != prod(shape):
        raise _odd(
            name,
            f"{len(values):,} values",
            f"{prod(shape):,}, as its shape {list(shape)} has it",
        )
    return values.reshape(shape)


def _odd(name: str, received: str, expected: str) -> Refusal:
    return invalid(
        f"The input {name!r} has {received}.",
        f"{expected}.",
        "Send the values of the whole tensor, row by row, and its shape.",
    )
