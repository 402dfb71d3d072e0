"""How far down a network learns, and how slowly its lower layers do.

A pretrained network knows most at its bottom, where edges and textures are, and must
change most at its top (Yosinski et al., 2014; rates by depth: Howard and Ruder,
"Universal Language Model Fine-tuning for Text Classification", 2018).
"""

from typing import Any

import keras

# Layers are told apart by eighths of the depth.
PARTS = 8


def layers_that_learn(model: keras.Model) -> list[Any]:
    """Layers with weights that may change, from the bottom; nested networks opened."""
    found = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            found += layers_that_learn(layer)
        elif layer.trainable_variables:
            found.append(layer)
    return found


def freeze_lower_layers(model: keras.Model, share: float) -> list[Any]:
    """Let only this share of the layers learn, from the top; at least the last one.

    Args:
        model: whose lower layers then keep their weights.
        share: above 0, up to 1; 1 leaves the network as it is.

    Returns:
        the layers that learned before and now do not.
    """
    layers = layers_that_learn(model)
    learning = max(1, round(share * len(layers)))
    held = layers[: len(layers) - learning]
    for layer in held:
        layer.trainable = False
    return held


def slower_rates(
    model: keras.Model, depth_decay: float
) -> list[tuple[keras.Variable, float]]:
    """The variables that learn more slowly, each with its share of the rate.

    The layers that learn are cut into eighths by depth; the rate of each is that of the
    one above times `depth_decay`. The last layer always has the whole rate.

    Example:
        With 16 layers and a decay of 0.5 the last two have the whole rate, the two
        before them half of it, the first two 0.5 ** 7.
    """
    layers = layers_that_learn(model)
    slower = []
    for number, layer in enumerate(layers):
        below = (len(layers) - 1 - number) * PARTS // len(layers)
        if below and depth_decay < 1:
            slower += [(v, depth_decay**below) for v in layer.trainable_variables]
    return slower
