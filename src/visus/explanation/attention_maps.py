"""attention-maps: where each head of an attention layer looks."""

from typing import final

import numpy as np
from pydantic import Field

from visus.core.errors import ModelError
from visus.core.settings import Settings
from visus.explanation.base import Floats, Plate, Plates, PlatesExplainer, Subject
from visus.explanation.pictures_of import gray_of, repeated

SIDE = 176


class AttentionMapsSettings(Settings):
    """How many."""

    heads: int = Field(6, ge=1, le=32, description="of each layer")


@final
class AttentionMaps(PlatesExplainer[AttentionMapsSettings]):
    """The weights of Vaswani et al., "Attention Is All You Need" (2017), equation 1.

    Drawn for each head as the mean, over all places that ask, of how much each place is
    looked at; places in rows of the picture where their number is a square. Where one
    token more than a square stands first (a class token), its own look is drawn.
    """

    settings_class = AttentionMapsSettings

    def explain(self, subject: Subject) -> Plates:
        """One row a layer of attention."""
        network = subject.network()
        images = network.images(subject.pixels[np.newaxis])
        found = network.attention(images)
        if not found:
            raise ModelError(
                received=f"The network {network.model.name!r} has no layer of "
                "attention.",
                expected="a MultiHeadAttention layer, as transformers have.",
                remedy="Use a method for convolutions: --method feature-maps or "
                "--method grad-cam.",
            )
        rows = tuple(
            (name, _plates(weights[0], self.settings.heads))
            for name, weights in found.items()
            if subject.layer in (None, name)
        )
        if not rows:
            network.call(subject.layer or "")
            raise ModelError(
                received=f"The layer {subject.layer!r} is no layer of attention.",
                expected=f"one of {', '.join(found)}.",
                remedy="Leave --layer out to see all of them.",
            )
        return Plates(rows, layer=subject.layer)


def _plates(weights: Floats, most: int) -> tuple[Plate, ...]:
    """Of one layer: `(heads, places that ask, places that are looked at)`."""
    return tuple(
        Plate(
            pixels=repeated(gray_of(looked_at(weights[head])), SIDE),
            heading=f"head {head}",
            caption=(f"strongest {looked_at(weights[head]).max():.2g}",),
        )
        for head in range(min(most, len(weights)))
    )


def looked_at(weights: Floats) -> Floats:
    """How much each place is looked at, in rows of the picture if they make a square.

    Args:
        weights: `(places that ask, places that are looked at)`, rows sum to 1.
    """
    places = weights.shape[1]
    side = int(np.sqrt(places))
    if side**2 == places:
        return np.asarray(weights.mean(axis=0).reshape(side, side))
    side = int(np.sqrt(places - 1))
    if side**2 == places - 1:
        return weights[0, 1:].reshape(side, side)
    return np.asarray(weights.mean(axis=0)[np.newaxis])
