"""DICOM, the format of medicine, by the package pydicom; nothing else needs it.

The viewer's window (VOI) is not applied: it clips, and it is the taste of whoever
looked last. Values are scaled as those of any other deep picture (`depth.py`), after
the modality's rescaling. Source: DICOM PS3.3, C.7.6.3 and C.11.1.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from visus.data.decode.depth import scaled_to_bytes
from visus.data.decode.limits import DecodeFailure

_GRAY = ("MONOCHROME1", "MONOCHROME2")
_DEFLATED = "1.2.840.10008.1.2.1.99"


class DicomImage(ImageFile.ImageFile):
    """The first frame of a DICOM file, as Pillow opens pictures: pixels come later.

    Raises:
        DecodeFailure: "unsupported" (pydicom is missing, or a compression is), or
            "not_image" (a report, a plan).
    """

    format = "DICOM"
    format_description = "DICOM image"

    def _open(self) -> None:
        # A file that is unpacked as a whole could grow to any size.
        if _DEFLATED.encode() in (self.fp.read(1024) if self.fp else b""):
            raise DecodeFailure("unsupported", "Its whole content is deflated.")
        header = _read(self.fp, only_header=True)
        if not header.get("Rows") or not header.get("Columns"):
            reason = "It is a DICOM file without a picture."
            raise DecodeFailure("not_image", reason)
        self._size = (int(header.Columns), int(header.Rows))
        gray = header.get("PhotometricInterpretation") in _GRAY
        self._mode = "L" if gray else "RGB"
        self.is_animated = int(header.get("NumberOfFrames") or 1) > 1
        self.scaled = False
        self.tile = []

    def load(self) -> Any:
        """Decode the first frame."""
        if self._im is None:
            dataset = _read(self.fp, only_header=False)
            self.scaled = int(dataset.get("BitsAllocated") or 8) > 8
            pixels = _first_frame(dataset)
            self.im = Image.fromarray(pixels).im
        return super().load()


def _read(stream: Any, *, only_header: bool) -> Any:
    try:
        import pydicom
    except ImportError as error:
        reason = "It is DICOM, which needs a package: pip install 'visus[dicom]'."
        raise DecodeFailure("unsupported", reason) from error
    stream.seek(0)
    return pydicom.dcmread(stream, stop_before_pixels=only_header)


def _first_frame(dataset: Any) -> NDArray[np.uint8]:
    """uint8 `(height, width)`, or `(height, width, 3)`."""
    from pydicom.pixels import pixel_array

    _require_pixels(dataset)
    try:
        values: NDArray[Any] = pixel_array(dataset, index=0)
    except RuntimeError as error:
        if "does not support" not in str(error):
            raise
        raise _needs_more(dataset) from error
    kind = dataset.get("PhotometricInterpretation")
    if kind in _GRAY:
        return _gray(dataset, values)
    if kind == "PALETTE COLOR":
        from pydicom.pixels import apply_color_lut

        values = np.asarray(apply_color_lut(values, dataset))
        # Palettes have a range, unlike measurements: its upper byte is the color.
        return (values >> 8 * (values.itemsize - 1)).astype(np.uint8)
    return values if values.dtype == np.uint8 else scaled_to_bytes(values)


def _gray(dataset: Any, values: NDArray[Any]) -> NDArray[np.uint8]:
    from pydicom.pixels import apply_modality_lut

    padding = dataset.get("PixelPaddingValue")
    hidden = np.zeros(values.shape, bool) if padding is None else values == padding
    if values.dtype != np.uint8:
        values = scaled_to_bytes(apply_modality_lut(values, dataset), hidden)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        values = 255 - values
    return np.where(hidden, np.uint8(0), values)


def _require_pixels(dataset: Any) -> None:
    """Refuse, in a person's words, what pydicom would refuse in a programmer's."""
    from pydicom.pixels import get_decoder
    from pydicom.pixels.utils import get_expected_length

    found = [name for name in ("PixelData", "FloatPixelData") if name in dataset]
    if not found:
        raise DecodeFailure("truncated", "Its end is missing: it has no pixels.")
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax.is_compressed:
        if not get_decoder(syntax).is_available:
            raise _needs_more(dataset)
    elif len(dataset[found[0]].value) < get_expected_length(dataset):
        reason = "Its end is missing: this DICOM file was cut off."
        raise DecodeFailure("truncated", reason)


def _needs_more(dataset: Any) -> DecodeFailure:
    reason = (
        f"Its pixels are compressed as {dataset.file_meta.TransferSyntaxUID.name}, "
        "which needs more packages: pip install 'pylibjpeg[all]'."
    )
    return DecodeFailure("unsupported", reason)
