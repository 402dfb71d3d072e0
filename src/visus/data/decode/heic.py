"""HEIC, the format of phones, by the package pillow-heif; nothing else needs it."""

from typing import IO

from PIL import Image

from visus.data.decode.limits import DecodeFailure


def open_heic(stream: IO[bytes]) -> Image.Image:
    """Open without registering anything in Pillow; pixels are decoded by `load`.

    The decoder turns the picture upright and brings 10 and 12 bits to 8.

    Raises:
        DecodeFailure: "unsupported", when the package is not installed.
    """
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        reason = "It is HEIC, which needs a package: pip install 'visus[heic]'."
        raise DecodeFailure("unsupported", reason) from error
    image: Image.Image = HeifImageFile(stream)
    image.format = "HEIC"
    return image
