"""Looks of pictures that were scanned without them: each file is opened once more."""

from concurrent.futures import ThreadPoolExecutor

from visus.core.cores import available_cores
from visus.data.decode import decode_image
from visus.data.locations import read_location
from visus.data.looks import Look, Looks, join_looks, look_at
from visus.data.records import ImageDataset, ImageRecord


def look_at_all(dataset: ImageDataset) -> Looks:
    """One row a record; every record is known to be readable."""
    with ThreadPoolExecutor(available_cores()) as workers:
        return join_looks(list(workers.map(_look, dataset.records)))


def _look(record: ImageRecord) -> Look:
    if record.pixels is not None:
        return look_at(record.pixels)
    content = read_location(record.location) if record.location else b""
    decoded = decode_image(content)
    return look_at(decoded.pixels, file_bytes=len(content), image_format=decoded.format)
