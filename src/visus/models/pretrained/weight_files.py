"""Files of Keras weights into a Keras network: looked at first, then loaded.

What a file is, is told by its content: HDF5 as Keras publishes it (`.h5`), HDF5 of
Keras 3 (`.weights.h5`), a whole network (`.keras`), or arrays with folded
normalisations (`.npz`). None of them executes anything.
"""

import tempfile
import warnings
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visus.core.errors import ModelError
from visus.models.pretrained.base import fill_layer, other_network
from visus.models.pretrained.folded_weights import load_folded

if TYPE_CHECKING:
    import keras

HDF5 = b"\x89HDF\r\n\x1a\n"
KINDS = ".h5, .weights.h5 or .keras as Keras writes them, or .npz"
# What h5py, zipfile and Keras raise for cut, damaged and foreign files.
DAMAGE = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError),
    *(OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile),
    # What Keras says where it leaves layers as they were, and goes on.
    UserWarning,
)

# A network with its top, of the size that the weights were learned at.
Whole = Callable[[], "keras.Model"]


def load_weights(
    model: "keras.Model", path: Path, name: str, whole: Whole | None
) -> None:
    """Put the weights of a file into a network, checked.

    Args:
        model: the network.
        path: of the file.
        name: what a person calls the network.
        whole: builds the network with its top, for a model that has none: from files
            that have a top it is left out. `None`: the model has its top.

    Raises:
        ModelError: the file is of no known kind, damaged, or of another network.
    """
    kind = kind_of(path)
    try:
        if kind == ".npz":
            load_folded(model, path, name, top=whole is None)
        elif kind == ".keras":
            _copy(_read_network(path), model, path, name, more=whole is not None)
        elif kind == ".weights.h5":
            _load(model, path, ".weights.h5")
        else:
            _load_published(model, path, name, whole)
    except DAMAGE as error:
        reason = _first_line(error)
        raise other_network(path, name, f"it cannot be read into it: {reason}") from (
            error
        )
    _require_numbers(model, path, name)


def is_of_keras(path: Path) -> bool:
    """Whether Keras wrote the file, as its content begins; it may be damaged still."""
    try:
        with path.open("rb") as file:
            if file.read(len(HDF5)) == HDF5:
                return True
        with zipfile.ZipFile(path) as archive:
            return "config.json" in archive.namelist()
    except (OSError, zipfile.BadZipFile, ValueError):
        return False


def kind_of(path: Path) -> str:
    """What a file of weights is, by its content.

    Raises:
        ModelError: none of the kinds that are read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(8)
        if start == HDF5:
            return _kind_of_hdf5(path)
        if start.startswith(b"PK") and zipfile.is_zipfile(path):
            return _kind_of_zip(path)
    except DAMAGE as error:
        raise _unknown(path, f"cannot be read: {_first_line(error)}") from error
    if start.startswith(b"\x80"):
        raise _unknown(path, "is a pickle, which would execute what it holds")
    raise _unknown(path, "is cut short" if len(start) < 8 else "is of no known kind")


def _kind_of_hdf5(path: Path) -> str:
    import h5py

    with h5py.File(path, "r") as file:
        published = "layer_names" in file.attrs or "model_weights" in file
    return ".h5" if published else ".weights.h5"


def _kind_of_zip(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if "config.json" in names and "model.weights.h5" in names:
        return ".keras"
    if names and all(name.endswith(".npy") for name in names):
        return ".npz"
    if any(name.endswith("data.pkl") for name in names):
        raise _unknown(path, "is PyTorch's, whose names are not those of Keras")
    raise _unknown(path, "is a zip file of something else")


def _load(model: "keras.Model", path: Path, ending: str) -> None:
    # Keras goes by the name's ending, and people rename files.
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder, f"link{ending}")
        link.symlink_to(path.resolve())
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "(?s).*Skipping", UserWarning)
            model.load_weights(link)


def _load_published(
    model: "keras.Model", path: Path, name: str, whole: Whole | None
) -> None:
    found, wanted = _published_layers(path), len(_weighted(model))
    if found != wanted and whole is not None:
        full = whole()
        if found == len(_weighted(full)):
            _load(full, path, ".h5")
            _copy(full, model, path, name, more=True)
            return
    if found != wanted:
        reason = f"it holds {found} layers with weights"
        raise other_network(path, name, reason, f"there are {wanted}")
    _load(model, path, ".h5")


def _published_layers(path: Path) -> int:
    import h5py

    with h5py.File(path, "r") as file:
        group = file if "layer_names" in file.attrs else file["model_weights"]
        names = [_text(name) for name in group.attrs["layer_names"]]
        return sum(len(group[name].attrs["weight_names"]) > 0 for name in names)


def _read_network(path: Path) -> "keras.Model":
    from visus.models.storage import load_network

    return load_network(path.read_bytes())


def _copy(
    source: "keras.Model", target: "keras.Model", path: Path, name: str, *, more: bool
) -> None:
    """Layer by layer in order; the source may have more, which is its top."""
    given, wanted = _weighted(source), _weighted(target)
    if len(given) < len(wanted) or (len(given) > len(wanted) and not more):
        reason = f"it holds {len(given)} layers with weights"
        raise other_network(path, name, reason, f"there are {len(wanted)}")
    for layer, other in zip(wanted, given, strict=False):
        fill_layer(layer, other.get_weights(), path, name)


def _weighted(model: "keras.Model") -> Sequence[Any]:
    return [layer for layer in model.layers if layer.weights]


def _require_numbers(model: "keras.Model", path: Path, name: str) -> None:
    for variable in model.weights:
        if not np.isfinite(np.asarray(variable)).all():
            reason = f"its {variable.path} is not all numbers"
            raise other_network(path, name, reason, "all are finite")


def _unknown(path: Path, reason: str) -> ModelError:
    return ModelError(
        received=f"The weights file {path} {reason}. Nothing in it was executed.",
        expected=f"a whole file of weights: {KINDS}.",
        remedy="Fetch it again from where it was published, or save it with "
        "model.save_weights('NAME.weights.h5').",
    )


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
