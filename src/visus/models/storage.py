"""Keras networks as bytes and back, without executing anything that is stored."""

import io
import json
import tempfile
import zipfile
from pathlib import Path

import keras

from visus.core.errors import ModelError


def save_network(model: keras.Model) -> bytes:
    """The network as the bytes of a `.keras` file; equal networks give equal bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "network.keras")
        model.save(path)
        return _without_dates(path.read_bytes())


def load_network(content: bytes) -> keras.Model:
    """Read what `save_network` gave.

    Raises:
        ModelError: it is damaged, or uses layer classes that only its author has.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "network.keras")
        path.write_bytes(content)
        try:
            return keras.models.load_model(path, compile=False, safe_mode=True)
        except (ValueError, TypeError, OSError, KeyError) as error:
            raise ModelError(
                received=f"The Keras network cannot be read: {_first_line(error)}",
                expected="a network of Keras's own layers; nothing stored is executed.",
                remedy="Predictions still work, from the ONNX graph of the bundle. To "
                "train on, give the network with --network FILE.py.",
            ) from error


def _without_dates(content: bytes) -> bytes:
    source = zipfile.ZipFile(io.BytesIO(content))
    target = io.BytesIO()
    with source, zipfile.ZipFile(target, "w") as archive:
        for name in sorted(source.namelist()):
            member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            archive.writestr(member, _dateless(name, source.read(name)))
    return target.getvalue()


def _dateless(name: str, content: bytes) -> bytes:
    # Keras notes when it saved; the origin in the bundle says so already.
    if name != "metadata.json":
        return content
    metadata = json.loads(content)
    metadata.pop("date_saved", None)
    return json.dumps(metadata).encode()


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
