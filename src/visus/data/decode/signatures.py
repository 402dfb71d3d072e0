"""What a file's own bytes say: its format, and whether its end is there."""

import struct

# The formats that are read, as Pillow names them.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF")

_READ = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
)
# Pictures that people have and that are not read: better named than called damaged.
_NOT_READ = (
    (b"8BPS", "Photoshop (PSD)"),
    (b"\x00\x00\x01\x00", "icon (ICO)"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"%PDF-", "PDF"),
    (b"qoif", "QOI"),
    (b"v/1\x01", "OpenEXR"),
    (b"DDS ", "DDS"),
    *((f"P{digit}{gap}".encode(), "PNM") for digit in "123456" for gap in "\n\r "),
)
# ISO base media files name their brand at bytes 8 to 12.
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"heim", b"heis"), "HEIC"),
    **dict.fromkeys((b"mif1", b"msf1"), "HEIF"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
}
# Bytes per value by TIFF's number of the type; the others have one.
_TIFF_WIDTHS = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_ENDS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}


def read_format(start: bytes) -> str | None:
    """Which of `FORMATS` a file's first bytes claim; `None` for none of them."""
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WEBP"
    if start[:2] == b"BM" and _has_bitmap_zeros(start):
        return "BMP"
    return next((name for magic, name in _READ if start.startswith(magic)), None)


def unread_format(start: bytes) -> str | None:
    """The name of a picture format that is known and not read."""
    if start[4:8] == b"ftyp":
        return _BRANDS.get(start[8:12])
    if _is_svg(start):
        return "SVG"
    return next((name for magic, name in _NOT_READ if start.startswith(magic)), None)


def is_cut_off(content: bytes, image_format: str) -> bool:
    """Whether a file ends before its own marks or lengths say that it does.

    Only worth asking of a file that cannot be decoded: a picture may be complete
    although its last marker is missing.
    """
    if image_format == "WEBP":
        return len(content) < 8 + int.from_bytes(content[4:8], "little")
    if image_format == "BMP":
        return len(content) < max(26, int.from_bytes(content[2:6], "little"))
    if image_format == "TIFF":
        return _is_cut_off_tiff(content)
    if image_format == "GIF":
        return not content[-64:].rstrip(b"\x00").endswith(b"\x00;")
    return _ENDS[image_format] not in content[-64:]


def _has_bitmap_zeros(start: bytes) -> bool:
    # "BM" also starts words; a bitmap has reserved zeros, and a header of few bytes.
    return not any(start[6:10]) or (len(start) >= 18 and not any(start[15:18]))


def _is_svg(start: bytes) -> bool:
    text = start[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    prologue = text.startswith((b"<?xml", b"<!DOCTYPE svg", b"<!--"))
    return text.startswith(b"<svg") or (prologue and b"<svg" in text)


def _is_cut_off_tiff(content: bytes) -> bool:
    """Source: TIFF 6.0, section 2: a directory of 12-byte entries, then the strips."""
    order = "<" if content[:2] == b"II" else ">"
    try:
        (directory,) = struct.unpack_from(order + "I", content, 4)
        (count,) = struct.unpack_from(order + "H", content, directory)
        fields = {}
        for start in range(directory + 2, directory + 2 + 12 * count, 12):
            tag, values = _tiff_field(content, order, start)
            fields[tag] = values
    except struct.error:
        return True
    # StripOffsets and StripByteCounts, or the same of tiles.
    offsets = fields.get(273) or fields.get(324) or ()
    lengths = fields.get(279) or fields.get(325) or ()
    ends = (sum(pair) for pair in zip(offsets, lengths, strict=False))
    return max(ends, default=0) > len(content)


def _tiff_field(content: bytes, order: str, start: int) -> tuple[int, tuple[int, ...]]:
    """The tag and values of one entry; of other types than SHORT and LONG no values."""
    tag, kind, count = struct.unpack_from(order + "HHI", content, start)
    width = _TIFF_WIDTHS.get(kind, 1)
    code = {3: f"{count}H", 4: f"{count}I"}.get(kind, f"{count * width}x")
    (place,) = struct.unpack_from(order + "I", content, start + 8)
    where = start + 8 if count * width <= 4 else place
    return tag, struct.unpack_from(order + code, content, where)
