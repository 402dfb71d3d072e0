"""What a file's own first bytes say: which format it is, whatever its name."""

import re

# The formats that are read, and the module of Pillow that reads each; "" where
# another package does.
READERS = {
    "JPEG": "JpegImagePlugin",
    "PNG": "PngImagePlugin",
    "GIF": "GifImagePlugin",
    "WEBP": "WebPImagePlugin",
    "BMP": "BmpImagePlugin",
    "TIFF": "TiffImagePlugin",
    "AVIF": "AvifImagePlugin",
    "PPM": "PpmImagePlugin",
    "ICO": "IcoImagePlugin",
    "HEIC": "",
    "DICOM": "",
}
# How the formats are called in front of people.
READ_NAMES = "JPEG, PNG, GIF, WebP, BMP, TIFF, AVIF, PNM, ICO, HEIC or DICOM"
# As many bytes as `read_format` and `unread_format` look at.
START_BYTES = 1024

_READ = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    # The byte order of the mark is wrong in files of some old scanners.
    (b"II\x00*", "TIFF"),
    (b"MM*\x00", "TIFF"),
    (b"\x00\x00\x01\x00", "ICO"),
)
# Pictures that people have and that are not read: better named than called damaged.
_NOT_READ = (
    (b"8BPS", "Photoshop (PSD)"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"%PDF-", "PDF"),
    (b"%!PS-Adobe", "PostScript (EPS)"),
    (b"qoif", "QOI"),
    (b"v/1\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"DDS ", "DDS"),
    (b"icns", "Apple icon (ICNS)"),
    (b"P7\n", "PAM"),
    (b"farbfeld", "farbfeld"),
)
_AVIF_BRANDS = (b"avif", b"avis")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")
# A letter and a digit also start words: a number or a comment must follow.
_PNM = re.compile(rb"P[1-6][ \t\r\n\v\f]+[#0-9]|Pf[ \t\r\n]+[#0-9]")


def read_format(start: bytes) -> str | None:
    """Which of `READERS` a file's first bytes claim; `None` for none of them."""
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WEBP"
    if start[:2] == b"BM" and _has_bitmap_zeros(start):
        return "BMP"
    if start[4:8] == b"ftyp":
        return _media_format(start)
    if start[128:132] == b"DICM":
        return "DICOM"
    if _PNM.match(start):
        return "PPM"
    return next((name for magic, name in _READ if start.startswith(magic)), None)


def unread_format(start: bytes) -> str | None:
    """The name of a picture format that is known and not read."""
    if _is_svg(start):
        return "SVG"
    return next((name for magic, name in _NOT_READ if start.startswith(magic)), None)


def _media_format(start: bytes) -> str | None:
    """Source: ISO/IEC 14496-12, 4.3: a main brand, a version, compatible brands."""
    length = int.from_bytes(start[:4], "big")
    others = start[16 : min(length, START_BYTES)]
    brands = [start[8:12], *(others[at : at + 4] for at in range(0, len(others), 4))]
    # A general brand (mif1) may stand first; what is inside is named behind it.
    for brand in brands:
        if brand in _AVIF_BRANDS:
            return "AVIF"
        if brand in _HEIC_BRANDS:
            return "HEIC"
    return "HEIC" if brands[0] in (b"mif1", b"msf1") else None


def _has_bitmap_zeros(start: bytes) -> bool:
    # "BM" also starts words; a bitmap has reserved zeros, and a header of few bytes.
    return not any(start[6:10]) or (len(start) >= 18 and not any(start[15:18]))


def _is_svg(start: bytes) -> bool:
    text = start[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    prologue = text.startswith((b"<?xml", b"<!DOCTYPE svg", b"<!--"))
    return text.startswith(b"<svg") or (prologue and b"<svg" in text)
