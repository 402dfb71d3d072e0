"""The one place that opens pictures: bytes in, upright pixels or a verdict out."""

from visus.data.decode.decode import decode_image
from visus.data.decode.files import open_regular, read_file
from visus.data.decode.header import Header, read_header
from visus.data.decode.limits import DecodeFailure, DecodeLimits
from visus.data.decode.picture import Picture, as_picture
from visus.data.decode.pixels import Decoded
from visus.data.decode.resampling import resampler
from visus.data.decode.resize import resize_pixels
from visus.data.decode.signatures import READ_NAMES

__all__ = [
    "READ_NAMES",
    "DecodeFailure",
    "DecodeLimits",
    "Decoded",
    "Header",
    "Picture",
    "as_picture",
    "decode_image",
    "open_regular",
    "read_file",
    "read_header",
    "resampler",
    "resize_pixels",
]
