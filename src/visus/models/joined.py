"""A backbone and a head as one network, without Keras once they were joined.

A head is one Dense layer, and all heads with as many outputs differ in its numbers
alone. So graph and archive are made once with numbers that occur nowhere else, kept
under `VISUS_HOME` together with the places of these numbers, and from then on a head
is written over them: milliseconds, where Keras takes seconds.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles.format import pack_arrays, unpack_arrays
from visus.bundles.runtime import Session
from visus.core.errors import MachineError, ModelError
from visus.core.files import write_bytes
from visus.data.home import visus_home
from visus.tasks.base import Head

if TYPE_CHECKING:
    import keras

# Raised whenever the same backbone has other features.
VERSION = 1
# Raised whenever what is kept of a joined network becomes another.
FORM = 2
WEIGHTS_MEMBER = "model.weights.h5"
CONFIG_MEMBER = "config.json"
HEAD_NAME, UNIT_NAME = "new_head", "new_unit"
# The two are rounded differently; a wrong join is wrong by far more.
TOLERANCE = 1e-4
CHECKED_PICTURES = 2

Shape = tuple[int, int, int]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class HeadWeights:
    """A linear head on features; scores are `activation(features @ kernel + bias)`.

    Args:
        kernel: float32 `(num_features, num_outputs)`.
        bias: float32 `(num_outputs,)`.
        head: how it ends. Numbers are then brought to their unit.
    """

    kernel: Floats
    bias: Floats
    head: Head

    def logits(self, features: Floats) -> Floats:
        """What comes before the activation, `(num_images, num_outputs)`."""
        return np.asarray(features @ self.kernel + self.bias)

    def scores(self, features: Floats) -> Floats:
        """Scores `(num_images, num_outputs)` of features, as the joined graph has."""
        values = self.logits(features)
        if self.head.activation == "softmax":
            powers = np.exp(values - values.max(axis=1, keepdims=True))
            return np.asarray(powers / powers.sum(axis=1, keepdims=True))
        if self.head.activation == "sigmoid":
            # Both branches are exact where the other would overflow.
            small = np.exp(-np.abs(values))
            return np.asarray(np.where(values >= 0, 1, small) / (1 + small))
        scaled = values * np.float32(self.head.scale) + np.float32(self.head.offset)
        return np.asarray(scaled)


@dataclass(frozen=True)
class Joined:
    """Graph and archive of a backbone with a head whose numbers are to be replaced.

    Args:
        features: ONNX graph from pixels to features.
        graph: ONNX graph from pixels to scores; features and logits are outputs, too.
        archive: the Keras network, as `save_network` gives it.
        places: where kernel and bias of the head lie, in the graph and in the weights
            of the archive.
        parameters: of the whole network.
    """

    features: bytes
    graph: bytes
    archive: bytes
    places: dict[str, int]
    parameters: int

    def graph_with(self, weights: HeadWeights) -> bytes:
        """The graph that ends in this head; numbers come out in their own unit."""
        scale, offset = weights.head.scale, weights.head.offset
        kernel = np.float64(scale) * weights.kernel
        bias = np.float64(scale) * weights.bias + np.float64(offset)
        return _written(self.graph, self.places, "graph", kernel, bias)

    def archive_with(self, weights: HeadWeights) -> bytes:
        """The Keras network that ends in this head."""
        members = _members(self.archive)
        members[WEIGHTS_MEMBER] = _written(
            members[WEIGHTS_MEMBER],
            self.places,
            "archive",
            weights.kernel,
            weights.bias,
        )
        if weights.head.activation == "linear":
            config = json.loads(members[CONFIG_MEMBER])
            _set_unit(config, weights.head)
            members[CONFIG_MEMBER] = json.dumps(config).encode()
        return _zipped(members)


def joined_network(
    name: str,
    digest: str,
    features: Callable[[], "keras.Model"],
    head: Head,
) -> Joined:
    """A backbone with such a head, from what is kept, or made with Keras and kept.

    Args:
        name: of the backbone, for messages and file names.
        digest: of everything that the features depend on: name, weights, picture size.
        features: makes the Keras network of the features; all of its work is here.
        head: how many outputs it has and how it ends.

    Raises:
        ModelError: the network has no ONNX form, or the two forms differ.
    """
    words = f"{VERSION} {FORM} {digest} {head.outputs} {head.activation}"
    key = hashlib.sha256(words.encode()).hexdigest()[:24]
    path = visus_home() / "pretrained" / f"{key}.joined"
    kept = _read(path)
    if kept is None:
        kept = _made(name, features(), head)
        try:
            write_bytes(path, _packed(kept))
        except MachineError:
            # A disk without room costs the next run time, not this one's life.
            return kept
    return kept


def join_keras(
    features: "keras.Model", head: Head, *, unit: bool = True
) -> "keras.Model":
    """The Keras network of a backbone with a new head.

    Batch normalizations keep their statistics, also where it is trained further.

    Args:
        features: images to features.
        head: how many outputs it has and how it ends.
        unit: whether numbers are brought to their unit by a last layer.
    """
    import keras

    for layer in features.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    scores = keras.layers.Dense(
        head.outputs,
        activation=None if head.activation == "linear" else head.activation,
        name=HEAD_NAME,
    )(features.output)
    if head.activation == "linear" and unit:
        scaling = keras.layers.Rescaling(head.scale, head.offset, name=UNIT_NAME)
        scores = scaling(scores)
    return keras.Model(features.input, scores, name=features.name)


def features_of(joined: "keras.Model") -> "keras.Model":
    """The part of a joined network before its head."""
    import keras

    before = joined.get_layer(HEAD_NAME).input
    return keras.Model(joined.input, before, name=joined.name)


def _made(name: str, features: "keras.Model", head: Head) -> Joined:
    from visus.bundles.inner import graph_with_features
    from visus.models.onnx_graph import build_onnx
    from visus.models.storage import save_network

    model = join_keras(features, Head(head.outputs, head.activation))
    kernel, bias = _marks(model.get_layer(HEAD_NAME))
    plain = build_onnx(model, scaling="none")
    graph = graph_with_features(plain) or plain
    _require_equal(name, model, graph)
    archive = save_network(model)
    stored = _members(archive)[WEIGHTS_MEMBER]
    places = {
        f"{form} {part}": _place(content, marks, name)
        for form, content in (("graph", graph), ("archive", stored))
        for part, marks in (("kernel", kernel), ("bias", bias))
    }
    return Joined(
        features=build_onnx(features, scaling="none"),
        graph=graph,
        archive=archive,
        places=places,
        parameters=model.count_params(),
    )


def _marks(layer: Any) -> tuple[Floats, Floats]:
    """Numbers for kernel and bias that are surely nowhere else."""
    generator = np.random.default_rng(20_161_026)
    kernel, bias = (
        generator.normal(0, 0.01, tuple(variable.shape)).astype(np.float32)
        for variable in (layer.kernel, layer.bias)
    )
    layer.set_weights([kernel, bias])
    return kernel, bias


def _place(content: bytes, marks: Floats, name: str) -> int:
    wanted = marks.tobytes()
    place = content.find(wanted)
    if place < 0 or content.find(wanted, place + 1) >= 0:
        raise ModelError(
            received=f"The head of {name!r} is not to be found in the network's file.",
            expected="its numbers in one piece, as Keras and ONNX write them.",
            remedy="Install the versions of keras and onnx that Visus asks for.",
        )
    return place


def _require_equal(name: str, model: "keras.Model", graph: bytes) -> None:
    generator = np.random.default_rng(0)
    shape = (CHECKED_PICTURES, *model.input_shape[1:])
    pixels = generator.integers(0, 256, shape, dtype=np.uint8)
    ours = Session(graph).scores(pixels)
    theirs = np.asarray(model(pixels.astype(np.float32), training=False))
    worst = float(np.abs(ours - theirs).max())
    if not worst <= TOLERANCE:
        raise ModelError(
            received=f"The ONNX graph of {name!r} differs from the Keras network by "
            f"{worst:.2g}.",
            expected=f"at most {TOLERANCE:g}.",
            remedy="Choose another backbone, and please report this one.",
        )


def _written(
    content: bytes,
    places: dict[str, int],
    form: str,
    kernel: NDArray[np.floating],
    bias: NDArray[np.floating],
) -> bytes:
    changed = bytearray(content)
    for part, array in (("kernel", kernel), ("bias", bias)):
        numbers = np.ascontiguousarray(array, dtype=np.float32).tobytes()
        first = places[f"{form} {part}"]
        changed[first : first + len(numbers)] = numbers
    return bytes(changed)


def _set_unit(config: dict[str, Any], head: Head) -> None:
    for layer in config["config"]["layers"]:
        if layer["name"] == UNIT_NAME:
            layer["config"] |= {"scale": head.scale, "offset": head.offset}


def _members(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        return {name: source.read(name) for name in source.namelist()}


def _zipped(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return target.getvalue()


def _packed(joined: Joined) -> bytes:
    """As an `.npz`, whose members have checksums."""
    words = json.dumps({"places": joined.places, "parameters": joined.parameters})
    parts = {
        "features": joined.features,
        "graph": joined.graph,
        "archive": joined.archive,
        "words": words.encode(),
    }
    return pack_arrays(
        {name: np.frombuffer(part, dtype=np.uint8) for name, part in parts.items()}
    )


def _read(path: Path) -> Joined | None:
    try:
        parts = {
            name: array.tobytes()
            for name, array in unpack_arrays(path.read_bytes()).items()
        }
        words = json.loads(parts["words"])
        return Joined(
            features=parts["features"],
            graph=parts["graph"],
            archive=parts["archive"],
            places={name: int(place) for name, place in words["places"].items()},
            parameters=int(words["parameters"]),
        )
    # Missing, torn or of another time: it can be made again.
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
