"""Mask pictures beside pictures: a folder called masks that mirrors the others."""

from collections import defaultdict
from collections.abc import Iterable

from visus.data.sources.places import PICTURES

MASKS = ("mask", "masks")
IMAGES = ("image", "images")


def find_masks(names: Iterable[str]) -> dict[str, str]:
    """The mask of each picture that has one, by name.

    The mask of `cat/1.jpg` lies at `masks/cat/1.png` or `cat/masks/1.png`, that of
    `train/images/1.jpg` at `train/masks/1.png`: the same path and stem, where a folder
    is called masks. A folder of that name that mirrors nothing is a class.

    Example:
        >>> find_masks(["images/1.jpg", "masks/1.png", "images/2.jpg"])
        {'images/1.jpg': 'masks/1.png'}
    """
    pictures: dict[str, str] = {}
    masks: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        stem, dot, ending = name.rpartition(".")
        *folders, last = stem.split("/")
        kept = [part for part in folders if part.lower() not in MASKS]
        if not dot or f".{ending.lower()}" not in PICTURES:
            continue
        if len(kept) < len(folders):
            masks["/".join([*kept, last])].append(name)
        else:
            plain = [part for part in folders if part.lower() not in IMAGES]
            pictures["/".join([*plain, last])] = name
    return {
        pictures[key]: found[0]
        for key, found in masks.items()
        if key in pictures and len(found) == 1
    }
