"""From what a person names (a network, a Python file, a Keras model) to a network."""

import random
import runpy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visus.core.errors import ConfigError, ModelError, VisusError
from visus.core.seeds import derive_seed
from visus.core.settings import read_settings
from visus.data.preprocess import PreprocessSpec, Scaling
from visus.models import NETWORKS
from visus.models.backend import select_backend
from visus.models.base import NetworkFamily
from visus.models.config import NetworkConfig
from visus.models.heads import with_head
from visus.tasks.base import Activation, Head

if TYPE_CHECKING:
    import keras

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Network:
    """A network that can be built, and what must be known before it is.

    Args:
        name: what reports call it.
        scaling: how uint8 pixels become what it takes.
        image_size: `(height, width)` it prefers, for pictures of many sizes.
        builder: input shape, number of outputs and last activation to a Keras model.
        fixed_shape: `(height, width, channels)` when only one is possible.
        preferred: how pictures are prepared for it, where it has learned before.
    """

    name: str
    scaling: Scaling
    image_size: tuple[int, int]
    builder: Callable[[Shape, int, Activation], "keras.Model"]
    fixed_shape: Shape | None = None
    preferred: PreprocessSpec | None = None

    def build(self, input_shape: Shape, head: Head | int, seed: int) -> "keras.Model":
        """Make the network; the same seed gives the same first weights.

        Args:
            input_shape: `(height, width, channels)`.
            head: how it ends; a number is so many classes.
            seed: of the run.

        Raises:
            ModelError: it cannot take such pictures, or ends otherwise than it must.
        """
        head = head if isinstance(head, Head) else Head(head)
        with _seeded(derive_seed(seed, "network")):
            try:
                model = self.builder(input_shape, head.outputs, head.activation)
            except VisusError:
                raise
            except Exception as error:
                raise _cannot_build(self.name, input_shape, error) from error
        return with_head(self.name, model, input_shape, head)


def find_network(config: NetworkConfig, model: "keras.Model | None" = None) -> Network:
    """The network that is meant.

    Args:
        config: a name of `visus models`, or the path of a Python file that defines
            `build(input_shape, num_outputs)` and, if it likes, `scaling` (unit, signed
            or none) and `image_size`.
        model: the user's own network, which wins over the name.

    Raises:
        ConfigError: the name is unknown, or a setting is.
        ModelError: the Python file cannot be used.
    """
    select_backend()
    if model is not None:
        return _from_model(model)
    name = config.name or "convnet"
    if name.endswith(".py"):
        return _from_file(Path(name), config)
    family: type[NetworkFamily[Any]] = NETWORKS.load(name)
    settings = read_settings(family.settings_class, config.settings, "network")
    return Network(
        name=name,
        scaling=family.scaling,
        image_size=family.image_size,
        builder=lambda shape, outputs, last: family.build(
            shape, outputs, settings, last
        ),
    )


def _from_file(path: Path, config: NetworkConfig) -> Network:
    if config.settings:
        raise ConfigError(
            received=f"Settings {sorted(config.settings)} for the network in {path}.",
            expected="none: a Python file has no settings.",
            remedy="Write the values into the file.",
        )
    try:
        names = runpy.run_path(str(path))
    # Somebody else's code may fail in any way; the file is named in every case.
    except Exception as error:
        raise _unusable_file(path, f"cannot be run: {error}") from error
    if not callable(names.get("build")):
        raise _unusable_file(path, "defines no function build")
    return Network(
        name=path.stem,
        scaling=names.get("scaling", "unit"),
        image_size=tuple(names.get("image_size", NetworkFamily.image_size)),
        builder=lambda shape, outputs, _last: names["build"](shape, outputs),
    )


def _from_model(model: "keras.Model") -> Network:
    shape = tuple(model.input_shape[1:])
    if len(shape) != 3 or None in shape or shape[2] not in (1, 3):
        raise ModelError(
            received=f"A Keras model whose input is {model.input_shape}.",
            expected="pictures (batch, height, width, channels) of one fixed size, "
            "with 1 or 3 channels.",
            remedy="Build it on keras.Input((height, width, channels)).",
        )
    return Network(
        name=model.name,
        scaling="none" if _scales_itself(model) else "unit",
        image_size=shape[:2],
        builder=lambda _shape, _outputs, _last: model,
        fixed_shape=shape,
    )


def _scales_itself(model: "keras.Model") -> bool:
    first = [type(layer).__name__ for layer in model.layers[:2]]
    return "Rescaling" in first or "Normalization" in first


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    # Keras draws the seeds of initializers and of dropout from Python's generator; it
    # is put back as it was, so that nobody else notices.
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)


def _cannot_build(name: str, input_shape: Shape, error: Exception) -> ModelError:
    height, width, channels = input_shape
    reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason"
    return ModelError(
        received=f"The network {name!r} cannot take pictures of {height}x{width}x"
        f"{channels}: {reason}",
        expected="pictures large enough that its convolutions and poolings leave "
        "something over.",
        remedy="Choose larger pictures with --set data.image_size='[96, 96]', or "
        "another network (see `visus models`).",
    )


def _unusable_file(path: Path, reason: str) -> ModelError:
    return ModelError(
        received=f"The network file {path} {reason}.",
        expected="a Python file with build(input_shape, num_outputs) that returns a "
        "keras.Model.",
        remedy="See the example under 'Your own network' in the README.",
    )
