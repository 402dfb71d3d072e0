"""The one place that opens pictures: bytes in, upright pixels or a verdict out."""

from visus.data.decode.decode import Decoded, decode_image
from visus.data.decode.header import Header, read_header
from visus.data.decode.limits import DecodeFailure, DecodeLimits
from visus.data.decode.resize import resize_pixels

__all__ = [
    "DecodeFailure",
    "DecodeLimits",
    "Decoded",
    "Header",
    "decode_image",
    "read_header",
    "resize_pixels",
]
