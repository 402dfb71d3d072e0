"""Backbones as a plan knows them, before their weights are found."""

from typing import Any

from visus.bundles import Bundle
from visus.core.errors import ConfigError
from visus.models.pretrained import BACKBONES, find_backbone
from visus.models.pretrained.card import Card
from visus.models.resolve import Network
from visus.tasks.base import Activation, Head

# What the origin of a bundle says of the backbone in it.
ORIGIN = "backbone"


def card_of(name: str) -> Card:
    """What is known of a backbone; without Keras where it is a registered one.

    Raises:
        ConfigError: nobody knows it; the nearest names are told.
    """
    if name in BACKBONES:
        card: Card | None = BACKBONES.part(name).facts.get("card")
        if card is not None:
            return card
    return find_backbone(name).card


def frozen_network(card: Card) -> Network:
    """The network of a plan whose backbone stays as it is: never built by itself."""

    def build(shape: Any, outputs: int, last: Activation) -> Any:
        raise ConfigError(
            received=f"The backbone {card.name!r} as a network to train.",
            expected="frozen features, which train no network.",
            remedy="Train it on from a bundle of frozen features, with --from.",
        )

    return Network(
        name=card.name,
        scaling=card.spec.scaling,
        image_size=card.spec.image_size,
        builder=build,
        preferred=card.spec,
    )


def grown_network(bundle: Bundle) -> Network:
    """The joined network of a bundle, to be trained on as a whole.

    The head is new where the answers are others; `copy_weights` brings the rest.
    """

    def build(shape: Any, outputs: int, last: Activation) -> Any:
        from visus.models.joined import features_of, join_keras
        from visus.models.storage import load_network

        features = features_of(load_network(bundle.contents.network or b""))
        return join_keras(features, Head(outputs, last), unit=False)

    return Network(
        name=str(bundle.origin["network"]),
        scaling=bundle.spec.scaling,
        image_size=bundle.spec.image_size,
        builder=build,
        preferred=bundle.spec,
    )


def has_backbone(bundle: Bundle) -> bool:
    """Whether it is a backbone with a head, whose Keras network is there."""
    return ORIGIN in bundle.origin and bundle.contents.network is not None
