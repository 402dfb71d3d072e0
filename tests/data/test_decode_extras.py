"""HEIC and DICOM: read by their packages, named honestly where those are missing."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visus.data.decode import DecodeFailure, DecodeLimits, decode_image, read_header
from visus.data.decode.depth import scaled_to_bytes


def failure(content, *arguments):
    with pytest.raises(DecodeFailure) as caught:
        decode_image(content, *arguments)
    return caught.value


@pytest.mark.parametrize(
    ("content", "package", "extra"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "pillow_heif", "visus[heic]"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0heic", "pillow_heif", "visus[heic]"),
        (bytes(128) + b"DICM" + bytes(40), "pydicom", "visus[dicom]"),
    ],
)
def test_a_missing_package_is_named_with_its_install_line(
    monkeypatch, tmp_path, content, package, extra
):
    monkeypatch.setitem(sys.modules, package, None)
    found = failure(content)
    assert found.verdict == "unsupported"
    assert f"pip install '{extra}'" in found.reason
    (tmp_path / "named.jpg").write_bytes(content)
    with pytest.raises(DecodeFailure) as caught:
        read_header(tmp_path / "named.jpg")
    assert caught.value.reason == found.reason


def photo(height=48, width=64):
    rows, columns = np.mgrid[:height, :width]
    planes = [40 + 3 * rows + columns, 250 - 2 * columns - rows, 60 + 3 * columns]
    return np.stack(planes, axis=-1).astype(np.uint8)


def heic(pixels, **options):
    pillow_heif = pytest.importorskip("pillow_heif")
    stream = io.BytesIO()
    image = Image.fromarray(pixels)
    pillow_heif.from_pillow(image).save(stream, quality=95, **options)
    return stream.getvalue()


def test_heic_returns_its_pixels(tmp_path):
    content = heic(photo())
    decoded = decode_image(content)
    assert decoded.format == "HEIC"
    assert decoded.size == (48, 64)
    assert np.abs(decoded.pixels.astype(int) - photo()).mean() < 3
    (tmp_path / "phone.txt").write_bytes(content)
    header = read_header(tmp_path / "phone.txt")
    assert (header.height, header.width, header.gray) == (48, 64, False)
    assert failure(content, DecodeLimits(max_pixels=48 * 64 - 1)).verdict == "too_large"


def test_heic_leaves_pillow_as_it_was():
    decode_image(heic(photo()))
    assert "HEIF" not in Image.ID


def test_heic_is_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = np.ascontiguousarray(np.rot90(photo()))
    decoded = decode_image(heic(sideways, exif=exif.tobytes()))
    assert decoded.pixels.shape == photo().shape
    assert np.abs(decoded.pixels.astype(int) - photo()).mean() < 4


def test_heic_cut_off_or_damaged_is_refused():
    content = heic(photo())
    assert failure(content[:-200]).verdict == "truncated"
    assert failure(content[:60] + bytes(len(content) - 60)).verdict == "corrupt"


def dicom(values, kind="MONOCHROME2", **tags):
    pydicom = pytest.importorskip("pydicom")
    from pydicom.dataset import FileMetaDataset

    dataset = pydicom.Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = pydicom.uid.CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset.Rows, dataset.Columns = values.shape[:2]
    dataset.SamplesPerPixel = 3 if values.ndim == 3 else 1
    dataset.PlanarConfiguration = 0
    dataset.PhotometricInterpretation = kind
    dataset.BitsAllocated = dataset.BitsStored = values.itemsize * 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    for name, value in tags.items():
        setattr(dataset, name, value)
    dataset.PixelData = values.tobytes()
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


SCAN = (np.arange(3_000).reshape(50, 60) - 1_000).astype(np.int16)


def test_dicom_goes_by_the_rule_of_deep_pictures_and_no_window(tmp_path):
    content = dicom(SCAN, WindowCenter=0, WindowWidth=10)
    decoded = decode_image(content)
    assert decoded.format == "DICOM"
    np.testing.assert_array_equal(decoded.pixels[..., 0], scaled_to_bytes(SCAN))
    (tmp_path / "scan.png").write_bytes(content)
    header = read_header(tmp_path / "scan.png")
    assert (header.height, header.width, header.gray) == (50, 60, True)
    assert failure(content, DecodeLimits(max_pixels=2_999)).verdict == "too_large"


def test_dicom_whose_scale_falls_is_turned_about():
    plain = decode_image(dicom(SCAN)).pixels
    slope = {"RescaleSlope": -2, "RescaleIntercept": 7}
    for content in (dicom(SCAN, "MONOCHROME1"), dicom(SCAN, **slope)):
        np.testing.assert_allclose(decode_image(content).pixels, 255 - plain, atol=1)


def test_dicom_padding_is_black_and_plays_no_part():
    padded = SCAN.copy()
    padded[:5] = -32_000
    for kind in ("MONOCHROME1", "MONOCHROME2"):
        pixels = decode_image(dicom(padded, kind, PixelPaddingValue=-32_000)).pixels
        assert not pixels[:5].any()
        assert len(np.unique(pixels[5:])) >= 250


def test_dicom_of_eight_bits_and_colors_stays_as_it_is():
    gray = photo()[..., 0]
    np.testing.assert_array_equal(decode_image(dicom(gray)).pixels[..., 0], gray)
    np.testing.assert_array_equal(decode_image(dicom(photo(), "RGB")).pixels, photo())


def test_dicom_without_its_end_or_without_a_picture():
    content = dicom(SCAN)
    assert failure(content[:-100]).verdict in ("truncated", "corrupt")
    report = failure(dicom(SCAN, Rows=0))
    assert report.verdict == "not_image"
    assert "without a picture" in report.reason


DICOM_VERDICTS = {
    "CT_small.dcm": "ok",
    "MR_small_RLE.dcm": "ok",
    "JPEG2000.dcm": "ok",
    "examples_palette.dcm": "ok",
    "SC_rgb_rle_2frame.dcm": "ok",
    "MR_truncated.dcm": "truncated",
    "image_dfl.dcm": "unsupported",
    "rtplan.dcm": "not_image",
    "badVR.dcm": "corrupt",
}


@pytest.mark.parametrize(("name", "verdict"), DICOM_VERDICTS.items())
def test_the_pictures_that_come_with_pydicom(name, verdict):
    pydicom = pytest.importorskip("pydicom")
    path = Path(pydicom.__file__).parent / "data" / "test_files" / name
    content = path.read_bytes()
    if verdict == "ok":
        decoded = decode_image(content)
        assert len(np.unique(decoded.pixels)) > 4
        assert ("first of several frames" in decoded.notes) == ("frame" in name)
    else:
        assert failure(content).verdict == verdict
