"""What the 1,000 scores of ImageNet's classifiers are called."""

from functools import cache
from importlib.resources import files

from visus.core.errors import ModelError
from visus.models.pretrained.card import IMAGENET_CLASSES


@cache
def imagenet_names() -> tuple[str, ...]:
    """The names of ImageNet's classes, in the order of a classifier's scores.

    Example:
        >>> imagenet_names()[285]
        'Egyptian cat'
    """
    file = files("visus.models.pretrained") / "imagenet_names.txt"
    lines = file.read_text(encoding="utf-8").splitlines()
    names = [line.partition(" ")[2] for line in lines if not line.startswith("#")]
    if len(set(names)) != IMAGENET_CLASSES:
        raise ModelError(
            received=f"{len(set(names))} names of ImageNet's classes.",
            expected=f"{IMAGENET_CLASSES}.",
            remedy="Install Visus again: its file of names is damaged.",
        )
    return tuple(names)
