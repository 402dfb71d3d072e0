"""A pretrained network as a bundle, made once under `VISUS_HOME` and then read.

The second question is answered without Keras: the graph, the names and the preparation
lie in a bundle whose name says which file of weights it was made of.
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles import Bundle, load_bundle
from visus.bundles.bundle import UNCALIBRATED, save_bundle
from visus.bundles.format import Contents
from visus.core.errors import ConfigError, ModelError, nearest_names, unknown_name
from visus.data.home import visus_home
from visus.data.preprocess import PreprocessSpec
from visus.data.sources.base import Access
from visus.models.pretrained import BACKBONES
from visus.models.pretrained.card import Card
from visus.models.pretrained.names import imagenet_names
from visus.models.pretrained.weights import find_weights, is_as_published
from visus.pipeline.environment import describe_environment

# Another number makes all bundles of pretrained networks anew.
VERSION = 1
GOLDEN_PICTURES = 2


def open_model(
    model: Path, weights: Path | None = None, access: Access | None = None
) -> Bundle:
    """The bundle that is meant: a file, or a backbone's name.

    Args:
        model: the path of a `.visus` file, or a name of `visus models --pretrained`.
        weights: a file or folder of weights, for a backbone.
        access: whether weights may be downloaded.

    Raises:
        ConfigError: there is no such backbone, or weights are given for a bundle.
        ModelError: the bundle or the weights cannot be used.
        MachineError: there are no weights; the message names three ways to bring them.
    """
    name = str(model)
    if not model.exists() and name in BACKBONES:
        return pretrained_bundle(name, weights, access)
    if not model.exists() and nearest_names(name, BACKBONES.names()):
        if not model.suffix and model.name == name:
            raise unknown_name("backbone", name, BACKBONES.names())
    if weights is not None:
        raise ConfigError(
            received=f"--weights {weights} for the bundle {model}.",
            expected="--weights with a backbone only; a bundle has its own.",
            remedy="Leave --weights out, or name a backbone of `visus models "
            "--pretrained`.",
        )
    return load_bundle(model)


def pretrained_bundle(
    name: str, weights: Path | None = None, access: Access | None = None
) -> Bundle:
    """The original classifier of a backbone, ready to answer with ImageNet's names.

    Raises:
        ModelError: the file of weights cannot be used.
        MachineError: there is none.
    """
    access = access or Access()
    card: Card = BACKBONES.part(name).facts["card"]
    path = find_weights(card, weights, access)
    place = bundle_place(card, path)
    if place.is_file():
        try:
            return load_bundle(place)
        except ModelError:
            access.progress.say(f"{place} is damaged and is made anew.")
    with access.progress.stage(f"Making {name} ready, once"):
        return _made(card, path, place)


def bundle_place(card: Card, weights: Path) -> Path:
    """Where the bundle lies that is made of this file; another file, another place."""
    state = weights.stat()
    words = f"{VERSION} {weights.resolve()} {state.st_size} {state.st_mtime_ns} {card}"
    key = hashlib.sha256(words.encode()).hexdigest()[:16]
    return visus_home() / "pretrained" / f"{card.name}-{key}.visus"


def _made(card: Card, weights: Path, place: Path) -> Bundle:
    from visus.models.onnx_graph import build_onnx
    from visus.models.pretrained import find_backbone

    model = find_backbone(card.name).classifier(weights)
    contents = Contents(
        graph=build_onnx(model, scaling=card.spec.scaling),
        # The file of weights has it; another copy would double the bundle.
        network=None,
        spec=card.spec.model_dump(mode="json"),
        class_names=imagenet_names(),
        origin=_origin(card, weights),
        golden=_golden(model, card.spec),
        content_hashes={},
    )
    return save_bundle(place, contents)


def _origin(card: Card, weights: Path) -> dict[str, Any]:
    environment = describe_environment()
    return {
        "network": card.name,
        "parameters": card.parameters,
        "weights": {
            "file_name": weights.name,
            "as_published": is_as_published(card, weights),
        },
        "source": card.source,
        "licence": card.licence,
        UNCALIBRATED: "it was trained elsewhere, and nothing was held out here",
        "python": environment["python"],
        "versions": environment["packages"],
    }


def _golden(model: Any, spec: PreprocessSpec) -> dict[str, NDArray[Any]]:
    pixels = wave_pictures(spec.image_size, GOLDEN_PICTURES)
    scores = np.asarray(model(pixels.astype(np.float32), training=False))
    return {"pixels": pixels, "scores": scores}


def wave_pictures(size: tuple[int, int], count: int) -> NDArray[np.uint8]:
    """Colored waves, uint8 `(count, *size, 3)`: pictures that need no file."""
    height, width = size
    rows, columns = np.mgrid[:height, :width] / [[[height]], [[width]]]
    pictures = [
        np.stack([np.sin(n * (5 * rows + (3 + c) * columns**2) + c) for c in range(3)])
        for n in range(1, count + 1)
    ]
    waves = np.stack(pictures).transpose(0, 2, 3, 1)
    return np.asarray(waves * 110 + 128, dtype=np.uint8)
