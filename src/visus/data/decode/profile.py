"""Color profiles: what a camera or a program meant by its numbers, as sRGB."""

import io

from PIL import Image, ImageCms

CONVERTED = "colors converted to sRGB"
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
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if ImageCms.getProfileDescription(source).startswith("sRGB"):
            return image, ()
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    # ImportError: Pillow was built without the color library.
    except (ImageCms.PyCMSError, ImportError, OSError, TypeError, ValueError):
        return image, (DAMAGED,)
    if converted is None:
        return image, (DAMAGED,)
    gray = image.mode == "L"
    # All three are equal for a gray, but for the rounding.
    return (converted.getchannel("G") if gray else converted), (CONVERTED,)
