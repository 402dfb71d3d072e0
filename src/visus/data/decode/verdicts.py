"""From whatever a codec raises to one verdict that a person can read."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from PIL import Image, UnidentifiedImageError, features

from visus.data.decode.endings import is_cut_off
from visus.data.decode.limits import DecodeFailure
from visus.data.decode.signatures import START_BYTES, read_format, unread_format

# Formats that Pillow can be built without.
_OPTIONAL = {"AVIF": "avif", "WEBP": "webp"}


@contextmanager
def judged(stream: IO[bytes]) -> Iterator[None]:
    """Run codecs over `stream`; whatever they raise becomes a `DecodeFailure`."""
    try:
        with _silence:
            yield
    except DecodeFailure:
        raise
    # The one place where anything may come: codecs over hostile bytes raise OSError,
    # ValueError, SyntaxError, struct.error, MemoryError and more, and one bad file
    # must not end the reading of a hundred thousand others.
    except Exception as error:
        stream.seek(0)
        raise _failure(error, stream.read()) from error


def other_content(start: bytes) -> DecodeFailure:
    """The verdict on a file whose first bytes are of no format that is read."""
    known = unread_format(start)
    if known:
        reason = f"It is a picture of the format {known}, which is not read."
        return DecodeFailure("unsupported", reason)
    return DecodeFailure("not_image", "Its content is no picture, whatever its name.")


def _failure(error: Exception, content: bytes) -> DecodeFailure:
    if isinstance(error, (MemoryError, Image.DecompressionBombError)):
        reason = "It is too large to be decoded safely."
        return DecodeFailure("too_large", reason)
    image_format = read_format(content[:START_BYTES])
    if image_format is None:
        return other_content(content[:START_BYTES])
    if image_format in _OPTIONAL and not features.check(_OPTIONAL[image_format]):
        reason = f"The Pillow on this machine was built without {image_format}."
        return DecodeFailure("unsupported", reason)
    if is_cut_off(content, image_format):
        reason = f"Its end is missing: this {image_format} file was cut off."
        return DecodeFailure("truncated", reason)
    reason = f"This {image_format} file is damaged: {_in_words(error)}."
    return DecodeFailure("corrupt", reason)


def _in_words(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "its header makes no sense"
    text = " ".join(str(error).split()).strip(" .") or type(error).__name__
    # The end is there, so what Pillow calls truncated is something in the middle.
    return "its data ends too early" if "truncated" in text.lower() else text


class _Silence:
    """Ignore warnings while any thread decodes.

    Pillow warns of odd metadata and of sizes that our own limits judge. The list of
    filters belongs to the whole process, and threads that each save and restore it
    would leave it wrong: so the first one in saves it and the last one out restores.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._saved = ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._saved.enter_context(warnings.catch_warnings())
                warnings.simplefilter("ignore")

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._saved.close()


_silence = _Silence()
