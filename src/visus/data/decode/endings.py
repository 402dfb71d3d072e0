"""Whether a file's end is there: cut off, or damaged in the middle."""

import re
import struct

# Bytes per value by TIFF's number of the type; the others have one.
_TIFF_WIDTHS = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_ENDS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}
# Width, height and, but for bitmaps, the largest value (for floats a scale).
_GAP = rb"\s+(?:#[^\n]*\n\s*)*"
_BITMAP = re.compile(rb"(P[14])" + (_GAP + rb"(\d{1,9})") * 2 + rb"(\s)")
_PIXMAP = re.compile(
    rb"(P[2356f])"
    + (_GAP + rb"(\d{1,9})") * 2
    + _GAP
    + rb"([-+]?\d{1,9}(?:\.\d{0,9})?)\s"
)


def is_cut_off(content: bytes, image_format: str) -> bool:
    """Whether a file ends before its own marks or lengths say that it does.

    Only worth asking of a file that cannot be decoded: a picture may be complete
    although its last marker is missing.
    """
    if image_format == "WEBP":
        return len(content) < 8 + int.from_bytes(content[4:8], "little")
    if image_format == "BMP":
        return len(content) < max(26, int.from_bytes(content[2:6], "little"))
    if image_format == "GIF":
        return not content[-64:].rstrip(b"\x00").endswith(b"\x00;")
    judge = _JUDGES.get(image_format)
    if judge is not None:
        return judge(content)
    return image_format in _ENDS and _ENDS[image_format] not in content[-64:]


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


def _is_cut_off_media(content: bytes) -> bool:
    """Source: ISO/IEC 14496-12, 4.2: boxes, each with its length in front."""
    place = 0
    while place < len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        if length == 1:
            length = int.from_bytes(content[place + 8 : place + 16], "big")
        if length < 8:
            return length != 0  # 0 is a last box that takes whatever there is.
        place += length
    return place > len(content)


def _is_cut_off_icon(content: bytes) -> bool:
    (count,) = struct.unpack_from("<H", content.ljust(6, b"\x00"), 4)
    if len(content) < 6 + 16 * count:
        return True
    pairs = (struct.unpack_from("<II", content, 14 + 16 * row) for row in range(count))
    return any(length + offset > len(content) for length, offset in pairs)


def _is_cut_off_pnm(content: bytes) -> bool:
    """Source: netpbm's pbm(5), pgm(5), ppm(5), pfm(5): words, bits or bytes."""
    found = _BITMAP.match(content) or _PIXMAP.match(content)
    if found is None:
        return len(content) < 32
    kind, width, height = found[1], int(found[2]), int(found[3])
    rest = content[found.end() :]
    values = width * height * (3 if kind in (b"P3", b"P6") else 1)
    if kind == b"P1":
        return rest.count(b"0") + rest.count(b"1") < values
    if kind in (b"P2", b"P3"):
        return len(rest.split()) < values
    if kind == b"P4":
        return len(rest) < -(-width // 8) * height
    if kind == b"Pf":
        return len(rest) < 4 * values
    value_bytes = 2 if float(found[4]) > 255 else 1
    return len(rest) < values * value_bytes


_JUDGES = {
    "TIFF": _is_cut_off_tiff,
    "AVIF": _is_cut_off_media,
    "HEIC": _is_cut_off_media,
    "ICO": _is_cut_off_icon,
    "PPM": _is_cut_off_pnm,
}
