"""TFRecord: a row of checked pieces, each a tf.train.Example; without TensorFlow.

Source: tensorflow.org/tutorials/load_data/tfrecord ("TFRecords format details"): each
piece is a length, the masked CRC-32C of the length, data, and that of the data.
Pictures are read later where they lie, so nothing but labels stays in memory.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from visus.data.extras import need
from visus.data.ledger import Ledger
from visus.data.locations import MOST_BYTES
from visus.data.nested import PlainFile, plain_bytes
from visus.data.records import Box, ImageDataset, ImageRecord
from visus.data.sources.base import Layout
from visus.data.sources.examples import Features, example_parser
from visus.data.sources.gathered import Gathered, target_of_boxes
from visus.data.sources.places import Place, split_of_words

_NAME = re.compile(r"\.tfrec(ord)?s?(\.|-\d|$)", re.IGNORECASE)
_FRAME = struct.Struct("<QI")
_CHECK = struct.Struct("<I")
_MASK = 0xA282EAD8


class TFRecord(Layout):
    """Examples with image/encoded and image/class/text or image/class/label."""

    def recognises(self, place: Place) -> bool:
        """There is a file whose name says so."""
        return any(_NAME.search(name) for name in place.names)

    def read(self, place: Place) -> tuple[ImageDataset, Ledger]:
        """The records file by file; their ids are `file#number`."""
        gathered = Gathered(place)
        files = [name for name in place.names if _NAME.search(name)]
        for name in files:
            _read_file(gathered, name)
        gathered.account_for_rest("It is no file of records.", besides=files)
        return gathered.finish()


@dataclass(frozen=True)
class _Piece:
    """One frame: where its data begins, the data, and what is wrong with it."""

    start: int
    data: bytes
    fault: str | None = None


def _read_file(gathered: Gathered, name: str) -> None:
    location = gathered.place.find(name)
    if location is None:
        return
    plain = plain_bytes(location)
    parse = example_parser()
    with plain.path.open("rb") as file:
        file.seek(plain.start)
        for number, piece in enumerate(_pieces(file, plain)):
            key = f"{name}#{number:06d}"
            if piece.fault:
                gathered.refuse(key, "corrupt", piece.fault)
                continue
            features = parse(piece.data)
            if features is None:
                gathered.refuse(key, "corrupt", "It is no tf.train.Example.")
                continue
            _add_example(gathered, key, piece, features, plain)


def _pieces(file: IO[bytes], plain: PlainFile) -> Iterator[_Piece]:
    because = "TFRecord files are checked with CRC-32C."
    checksum = need("google_crc32c", extra="tfrecord", because=because).value
    end_of_file = plain.start + plain.length
    while header := file.read(min(_FRAME.size, end_of_file - file.tell())):
        if len(header) < _FRAME.size:
            yield _Piece(0, b"", "The file ends in the middle of a record.")
            return
        length, check = _FRAME.unpack(header)
        if _masked(checksum(header[:8])) != check or length > MOST_BYTES:
            # Where the next record begins is not known any more.
            yield _Piece(0, b"", "Its length is damaged; what follows cannot be read.")
            return
        start = file.tell()
        data, end = file.read(length), file.read(_CHECK.size)
        if len(end) < _CHECK.size or file.tell() > end_of_file:
            yield _Piece(start, b"", "The file ends in the middle of a record.")
            return
        wrong = _masked(checksum(data)) != _CHECK.unpack(end)[0]
        fault = "Its bytes do not have the record's checksum." if wrong else None
        yield _Piece(start - plain.start, data, fault)


def _masked(checksum: int) -> int:
    return ((checksum >> 15 | checksum << 17) + _MASK) & 0xFFFFFFFF


def _add_example(
    gathered: Gathered,
    key: str,
    piece: _Piece,
    features: Features,
    plain: PlainFile,
) -> None:
    picture = features.first("image/encoded", "image", "image_raw")
    if not isinstance(picture, bytes):
        gathered.refuse(key, "no_class", "It has no feature image/encoded.")
        return
    boxes = _boxes(features)
    label = features.text("image/class/text", "image/class/label", "label")
    place = piece.start + piece.data.index(picture)
    member = plain.member(key, place, len(picture))
    file_name = features.text("image/filename")
    gathered.add(
        ImageRecord(
            id=key,
            target=label if label is not None else target_of_boxes(boxes),
            location=member,
            split=split_of_words(key.rpartition("/")[2]),
            boxes=boxes,
            metadata=(("file_name_before", file_name),) if file_name else (),
        )
    )


def _boxes(features: Features) -> tuple[Box, ...]:
    """As TensorFlow's object detection API writes them: shares of the sides."""
    edges = [
        features.values(f"image/object/bbox/{edge}")
        for edge in ("xmin", "ymin", "xmax", "ymax")
    ]
    labels = features.values("image/object/class/text")
    labels = labels or features.values("image/object/class/label")
    height, width = features.first("image/height"), features.first("image/width")
    sizes = isinstance(height, int) and isinstance(width, int)
    if not sizes or len({len(labels), *map(len, edges)}) != 1:
        return ()
    scales = (width, height, width, height)
    return tuple(
        Box(features.word(label), *(e * s for e, s in zip(edge, scales, strict=True)))
        for label, *edge in zip(labels, *edges, strict=True)
    )
