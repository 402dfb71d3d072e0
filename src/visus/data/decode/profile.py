"""Color profiles: what a camera or a program meant by its numbers, as sRGB."""

import io
from functools import lru_cache

from PIL import Image, ImageCms

CONVERTED = "colors converted to sRGB"
# Larger profiles are not kept in memory for the next picture.
MOST_KEPT_BYTES = 2**20
DAMAGED = "its color profile cannot be used; taken as sRGB"


def as_srgb(
    image: Image.Image, profile: bytes | None
) -> tuple[Image.Image, tuple[str, ...]]:
    """Colors of a profile as sRGB; a broken profile never costs the picture.

    Args:
        image: of mode L, RGB or CMYK.
        profile: an ICC profile (ICC.1:2022), or nothing.

    Returns:
        the picture, gray if it was gray, and a note when something was done.
    """
    if not profile:
        return image, ()
    make = _kept_transform if len(profile) <= MOST_KEPT_BYTES else _transform
    try:
        transform = make(profile, image.mode)
        if transform is None:
            return image, ()
        converted = transform.apply(image)
    # ImportError: Pillow was built without the color library.
    except (ImageCms.PyCMSError, ImportError, OSError, TypeError, ValueError):
        return image, (DAMAGED,)
    gray = image.mode == "L"
    # All three are equal for a gray, but for the rounding.
    return (converted.getchannel("G") if gray else converted), (CONVERTED,)


@lru_cache(maxsize=8)
def is_srgb(profile: bytes) -> bool:
    """Whether a profile changes nothing; not when it is damaged."""
    try:
        return _says_srgb(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except (ImageCms.PyCMSError, ImportError, OSError, TypeError, ValueError):
        return False


def _says_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    return ImageCms.getProfileDescription(profile).startswith("sRGB")


def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From pictures of this mode and profile to sRGB; `None` when they are that."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if _says_srgb(source):
        return None
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")


# The pictures of one camera or program bear one profile, and to build its transform
# takes longer than to decode them. Threads may share it: it is only read.
_kept_transform = lru_cache(maxsize=8)(_transform)
