"""What is kept on disk: whole, within a budget, and never taken from a run."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from visus.core.errors import ConfigError, MachineError
from visus.core.progress import SilentProgress
from visus.data.batches import RowsOf, split_batch
from visus.data.cache import PixelCache, PixelFile
from visus.data.cache_room import cache_budget, cache_sizes, make_room, pixels_folder
from visus.data.preprocess import PreprocessSpec
from visus.data.scan import Scan, scan_pictures
from visus.data.sources import read_source
from visus.data.splits import assign_splits
from visus.training.config import TrainingConfig
from visus.training.epochs import EpochPlan

SPEC = PreprocessSpec(image_size=(8, 8), channels=1)
LONG_AGO = 10**9


def scan(folder: Path, spec: PreprocessSpec = SPEC, most_bytes: int = 10**9) -> Scan:
    return scan_pictures(*read_source(folder), spec, most_bytes=most_bytes)


def files() -> list[Path]:
    return sorted(pixels_folder().iterdir())


def age(path: Path, seconds: int) -> None:
    os.utime(path, (LONG_AGO + seconds, LONG_AGO + seconds))


def mapped(scanned: Scan) -> bool:
    return isinstance(scanned.pictures.pixels, np.memmap)


def test_pictures_above_the_memory_budget_are_mapped_and_equal(stripes_folder):
    (stripes_folder / "across" / "00-note.png").write_text("this is text")
    held = scan_pictures(*read_source(stripes_folder), SPEC, use_cache=False)
    for _ in range(2):  # The first pass, and the second that finds what it left.
        streamed = scan(stripes_folder, most_bytes=0)
        assert mapped(streamed)
        assert not streamed.pictures.pixels.flags.writeable
        assert np.array_equal(streamed.pictures.pixels, held.pictures.pixels)
        assert streamed.dataset == held.dataset
        assert streamed.ledger == held.ledger
        assert np.array_equal(streamed.looks.thumbnails, held.looks.thumbnails)
    assert not mapped(scan(stripes_folder))
    assert len(files()) == 1


def test_what_is_more_than_a_few_is_mapped_and_equal(stripes_folder, monkeypatch):
    held = scan(stripes_folder)
    monkeypatch.setattr("visus.data.cache.MOST_COPIED_BYTES", 60 * 64 - 1)
    for _ in range(2):
        found = scan(stripes_folder)
        assert mapped(found)
        assert np.array_equal(found.pictures.pixels, held.pictures.pixels)
        files()[0].unlink()


def test_a_split_of_mapped_pictures_stays_on_disk(stripes_folder):
    found = []
    for most_bytes in (0, 10**9):
        scanned = scan(stripes_folder, most_bytes=most_bytes)
        dataset = assign_splits(
            scanned.dataset, validation_share=0.2, test_share=0.2, seed=0
        )
        found.append(split_batch(scanned.pictures, dataset, "train"))
    streamed, held = found
    assert isinstance(streamed.pixels, RowsOf)
    assert isinstance(held.pixels, np.ndarray)
    assert streamed.pixels.shape == held.pixels.shape
    assert np.array_equal(np.asarray(streamed.pixels), held.pixels)
    rows = np.array([5, 1, 9, 2])
    twice = streamed.take(rows).take([2, 0])
    assert np.array_equal(twice.pixels, held.pixels[[9, 5]])
    assert twice.ids == (held.ids[9], held.ids[5])
    ones = np.ones(2, dtype=np.float32)
    plans = [
        EpochPlan(batch, TrainingConfig(batch_size=7), 3, 1, 7, ones) for batch in found
    ]
    pieces = [plan.work(plan.order(), 1, 2).pixels for plan in plans]
    assert np.array_equal(*pieces)


def spoil(path: Path, start: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(start, os.SEEK_SET if start >= 0 else os.SEEK_END)
        file.write(content)


@pytest.mark.parametrize("where", ["cut", "empty", "longer", "row", "notes", "tail"])
def test_a_file_that_is_not_whole_is_made_anew(stripes_folder, where):
    whole = scan(stripes_folder)
    (path,) = files()
    content = path.read_bytes()
    if where == "row":
        spoil(path, 0, bytes(64))  # A page of zeros where the first picture was.
    elif where == "notes":
        spoil(path, 60 * 64 + 200, b"\xff\xfe\xfd")
    elif where == "tail":
        spoil(path, -20, bytes(20))
    else:
        path.write_bytes(
            {"cut": content[:-30], "empty": b"", "longer": content + bytes(9)}[where]
        )
    dataset, _ = read_source(stripes_folder)
    assert PixelCache.of(dataset, SPEC).load() is None
    assert np.array_equal(scan(stripes_folder).pictures.pixels, whole.pictures.pixels)
    assert path.read_bytes() == content


WRITER = """
import sys, time
import numpy as np
from pathlib import Path
from visus.data.cache import PixelCache
with PixelCache(Path(sys.argv[1])).writing() as file:
    file.add(np.zeros((8, 8, 1), np.uint8))
    file.file.flush()
    print("writing", flush=True)
    time.sleep(600)
"""


def test_what_a_killed_process_was_writing_is_swept(own_home):
    place = str(pixels_folder() / "some.pixels")
    words = [sys.executable, "-c", WRITER, place]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "writing\n"
        (aside,) = files()
        age(aside, 0)
        make_room(0)
        assert files() == [aside]  # Its writer is alive, however long it takes.
        writer.send_signal(signal.SIGKILL)
    make_room(0)
    assert files() == []


def test_the_oldest_goes_first_and_never_what_is_used(stripes_folder, monkeypatch):
    sides = (8, 9, 10, 11)
    kept = {}
    for number, side in enumerate(sides):
        spec = PreprocessSpec(image_size=(side, side), channels=1)
        # The oldest is mapped by this process, as by a training that goes on.
        scanned = scan(stripes_folder, spec, most_bytes=0)
        (path,) = set(files()) - set(kept.values())
        kept[side] = path
        age(path, number)
        if side == 8:
            training = scanned
        del scanned
    size = sum(path.stat().st_size for path in kept.values())
    monkeypatch.setenv("VISUS_CACHE_GIGABYTES", str((size - 1) / 1e9))
    make_room(0)
    assert files() == sorted(kept[side] for side in (8, 10, 11))
    # Reading one makes it the newest.
    age(kept[10], 0)
    scan(stripes_folder, PreprocessSpec(image_size=(10, 10), channels=1))
    monkeypatch.setenv("VISUS_CACHE_GIGABYTES", "0.00006")
    make_room(0)
    assert kept[11] not in files()
    monkeypatch.setenv("VISUS_CACHE_GIGABYTES", "0")
    make_room(0)
    assert files() == [kept[8]]
    pixels = np.array(training.pictures.pixels)
    del training
    make_room(0)
    assert files() == []
    assert pixels.any()


def test_the_budget_is_a_setting_with_a_default(monkeypatch):
    assert 0 < cache_budget() <= 20e9
    monkeypatch.setenv("VISUS_CACHE_GIGABYTES", "1.5")
    assert cache_budget() == 1_500_000_000
    for words in ("much", "-1", "nan", "inf"):
        monkeypatch.setenv("VISUS_CACHE_GIGABYTES", words)
        with pytest.raises(ConfigError, match="VISUS_CACHE_GIGABYTES"):
            cache_budget()


class Heard(SilentProgress):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


def test_a_full_disk_costs_the_next_run_time(stripes_folder, monkeypatch):
    def full(self: PixelFile, pixels: np.ndarray) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(PixelFile, "add", full)
    read, heard = read_source(stripes_folder), Heard()
    assert len(scan_pictures(*read, SPEC, progress=heard).pictures) == 60
    assert "No space left" in heard.said[0]
    with pytest.raises(MachineError, match="No space left"):
        scan_pictures(*read, SPEC, most_bytes=100)
    assert files() == []


def test_a_disk_without_room_is_seen_before_anything_is_decoded(
    stripes_folder, monkeypatch
):
    monkeypatch.setattr("visus.data.cache_room.LEFT_FREE_BYTES", 2**60)
    read = read_source(stripes_folder)
    assert len(scan_pictures(*read, SPEC).pictures) == 60
    monkeypatch.setattr("visus.data.opening.decode_image", None)
    with pytest.raises(MachineError, match="no room for"):
        scan_pictures(*read, SPEC, most_bytes=100)


SCANNER = """
import sys
from visus.data.preprocess import PreprocessSpec
from visus.data.scan import scan_pictures
from visus.data.sources import read_source
spec = PreprocessSpec(image_size=(8, 8), channels=1)
found = scan_pictures(*read_source(sys.argv[1]), spec, most_bytes=0)
print(found.pictures.pixels.sum(), flush=True)
sys.stdin.read()
print(found.pictures.pixels.sum(), flush=True)
"""


def test_two_runs_may_make_the_same_at_once(stripes_folder):
    words = [sys.executable, "-c", SCANNER, str(stripes_folder)]
    pipe = subprocess.PIPE
    runs = [subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) for _ in "ab"]
    sums = {run.stdout.readline() for run in runs}
    (path,) = files()
    sums |= {run.communicate("")[0] for run in runs}
    assert len(sums) == 1
    dataset, _ = read_source(stripes_folder)
    assert PixelCache.of(dataset, SPEC).path == path
    assert PixelCache.of(dataset, SPEC).load() is not None
    assert cache_sizes()["pixels"] == path.stat().st_size


MEMORY = """
import sys, threading
import numpy as np
from pathlib import Path
from visus.data.batches import split_batch
from visus.data.preprocess import PreprocessSpec
from visus.data.scan import scan_pictures
from visus.data.sources import read_source
from visus.data.splits import assign_splits
from visus.training.config import TrainingConfig
from visus.training.epochs import EpochPlan

def anonymous():
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("RssAnon")]
    return int(line.split()[1]) * 1024

def watch():
    while not over.wait(0.002):
        most.append(anonymous())

before, most, over = anonymous(), [], threading.Event()
watcher = threading.Thread(target=watch)
watcher.start()
spec = PreprocessSpec(image_size=(256, 256), channels=3)
read = read_source(sys.argv[1])
for _ in "ab":  # The pass through the files, and the one through the cache.
    scan = scan_pictures(*read, spec, most_bytes=int(sys.argv[2]))
    dataset = assign_splits(scan.dataset, validation_share=0.1, test_share=0.1, seed=0)
    train = split_batch(scan.pictures, dataset, "train")
    ones = np.ones(2, dtype=np.float32)
    plan = EpochPlan(train, TrainingConfig(batch_size=32), 0, 0, 32, ones)
    sizes = iter([1000] * 1000)
    seen = sum(work.pixels.shape[0] * 32 for work in plan.pieces(0, sizes))
over.set()
watcher.join()
print(scan.pictures.pixels.size, seen, max(most) - before)
"""


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="needs /proc to see memory"
)
def test_anonymous_memory_stays_within_the_budget(tmp_path):
    from PIL import Image

    budget, count = 24_000_000, 1_240
    for number in range(count):
        path = tmp_path / "ab"[number % 2] / f"{number:04d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (4, 4), (number % 256, number // 256, 9)).save(path)
    words = [sys.executable, "-c", MEMORY, str(tmp_path), str(budget)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    size, seen, most = map(int, done.stdout.split())
    assert size > 10 * budget
    assert seen >= 0.7 * count
    assert most < budget + 100e6
