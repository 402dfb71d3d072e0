"""The one way a converter says that it cannot."""

from typing import Any

from visus.core.errors import ModelError


def require(layer: Any, fits: bool, has: str, expected: str, remedy: str) -> None:
    """Refuse a layer that has an argument without an ONNX form.

    Raises:
        ModelError: `fits` is false.
    """
    if not fits:
        kind = type(layer).__name__
        raise ModelError(
            received=f"The layer {layer.name!r} is a {kind} with {has}.",
            expected=expected,
            remedy=remedy,
        )
