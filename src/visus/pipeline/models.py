"""visus models: one network layer by layer."""

from collections.abc import Sequence
from typing import Any

from visus.core.settings import parse_overrides, read_settings
from visus.models import NETWORKS
from visus.models.config import NetworkConfig
from visus.models.resolve import find_network

DEFAULT_CLASSES = 10
DEFAULT_CHANNELS = 3


def describe_model(
    name: str,
    input_shape: tuple[int, int, int] | None,
    num_classes: int | None,
    settings: Sequence[str],
) -> dict[str, Any]:
    """Build a network and describe it.

    Args:
        name: of `visus models`, or a Python file.
        input_shape: `(height, width, channels)`; `None`: what the list shows.
        num_classes: `None`: what the list shows.
        settings: words such as "network.pooling=average".

    Raises:
        ConfigError: the name or a setting is unknown.
        ModelError: it cannot take such pictures.
    """
    chosen = parse_overrides(settings).get("network", {})
    network = find_network(read_settings(NetworkConfig, {"name": name, **chosen}))
    facts = {} if name.endswith(".py") else NETWORKS.part(name).facts
    shape = (
        input_shape
        or facts.get("input_shape")
        or (*network.image_size, DEFAULT_CHANNELS)
    )
    classes = num_classes or facts.get("num_classes", DEFAULT_CLASSES)
    model = network.build(shape, classes, seed=0)
    from visus.models.describe import describe_network

    return {**describe_network(model).to_json(), "name": network.name}
