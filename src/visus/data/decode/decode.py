"""Decoding: upright, one or three channels, eight bits, or a verdict; never half."""

from visus.data.decode.apart import decode_apart
from visus.data.decode.jpeg import decode_plain_jpeg
from visus.data.decode.limits import DecodeLimits
from visus.data.decode.picture import Picture
from visus.data.decode.pixels import Decoded, decode_here

# Larger files are not even opened here: a header can be most of a file. A phone's
# picture is far below.
MOST_BYTES = 32 * 2**20


def decode_image(
    content: bytes,
    limits: DecodeLimits | None = None,
    at_least: tuple[int, int] | None = None,
) -> Decoded:
    """Decode a picture by its content; the file's name plays no part.

    Args:
        content: the whole file.
        limits: the most that it may take. Only unusually large pictures are decoded in
            a process apart, where time and memory are limited too.
        at_least: `(height, width)`, upright. A JPEG may then be decoded at 1/2, 1/4
            or 1/8 of its size, which is faster, but never below this.

    Raises:
        DecodeFailure: with the verdict and a reason that a person can read.

    Example:
        >>> decode_image(path.read_bytes()).pixels.shape
        (480, 640, 3)
    """
    limits = limits or DecodeLimits()
    limits.check_bytes(len(content))

    def apart() -> Decoded:
        return decode_apart(content, limits, at_least)

    if limits.always_apart or len(content) > MOST_BYTES:
        return apart()
    plain = decode_plain_jpeg(content, limits.max_pixels, at_least)
    if plain is not None:
        return Decoded(Picture(plain), "JPEG", (plain.shape[0], plain.shape[1]))
    return decode_here(content, limits, at_least, if_heavy=apart)
