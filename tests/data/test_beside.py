"""Processes beside: the same as without them, whatever becomes of them."""

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visus.data import beside
from visus.data.ahead import in_order
from visus.data.beside import _Beside, _location, _location_words, opener
from visus.data.ledger import Quarantined
from visus.data.opening import open_record
from visus.data.preprocess import PreprocessSpec
from visus.data.scan import scan_pictures
from visus.data.sources import read_source

SPEC = PreprocessSpec(image_size=(20, 24), channels=3)


def never() -> bool:
    return False


def wait_for(true) -> None:
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < 60
        time.sleep(0.01)


@pytest.fixture
def folder(tmp_path) -> Path:
    """Twelve photographs, a cut one, one that is none, and an odd name."""
    rng = np.random.default_rng(0)
    place = tmp_path / "pictures"
    for number in range(12):
        path = place / "ab"[number % 2] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (30 + number, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path, quality=90)
    content = (place / "a" / "0.jpg").read_bytes()
    (place / "a" / "2b.jpg").write_bytes(content[:400])
    (place / "b" / "note.jpg").write_text("this is text")
    (place / "b" / os.fsdecode(b"-\xff.jpg")).write_bytes(content)
    return place


@pytest.fixture
def process():
    started = _Beside.started(SPEC, measured=True)
    assert started is not None
    yield started
    started.end()


def same(first, second) -> bool:
    if isinstance(first, Quarantined):
        return first == second
    words = [
        [
            (name, getattr(opened.look, name))
            for name in opened.look.__slots__
            if name != "thumbnail"
        ]
        for opened in (first, second)
    ]
    return (
        first.digest == second.digest
        and np.array_equal(first.pixels, second.pixels)
        and np.array_equal(first.look.thumbnail, second.look.thumbnail)
        and words[0] == words[1]
    )


def test_it_opens_as_this_process_does(folder, process):
    records = read_source(folder)[0].records
    expected = [open_record(record, SPEC, measured=True) for record in records]
    assert sum(isinstance(found, Quarantined) for found in expected) == 2
    wait_for(process.is_ready)
    for piece in (slice(0, 7), slice(7, 15), slice(0, 1)):
        found = process.open_all(records[piece], never)
        assert all(map(same, expected[piece], found))
        assert len(found) == len(expected[piece])


def test_what_it_crashed_on_is_opened_all_the_same(folder, process):
    records = read_source(folder)[0].records[:3]
    wait_for(process.is_ready)
    os.kill(process._process.pid, signal.SIGKILL)
    expected = [open_record(record, SPEC, measured=True) for record in records]
    assert all(map(same, expected, process.open_all(records, never)))
    assert not process.is_ready()


def test_who_is_stopped_does_not_wait(folder, process):
    records = read_source(folder)[0].records[:3]
    wait_for(process.is_ready)
    os.kill(process._process.pid, signal.SIGSTOP)
    assert process.open_all(records, lambda: True) == []
    assert not process.is_ready()


def test_members_of_archives_are_told_in_words(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as packed:
        for path in sorted(folder.rglob("*.jpg")):
            if path.name.isascii():
                packed.write(path, path.relative_to(folder))
    for source in (folder, tmp_path / "pictures.zip"):
        for record in read_source(source)[0].records:
            assert _location(_location_words(record.location)) == record.location


@pytest.mark.parametrize("cores", [1, 3])
def test_a_scan_is_the_same_with_and_without(folder, monkeypatch, cores):
    monkeypatch.setattr(beside, "available_cores", lambda: cores)
    read = read_source(folder)
    without = scan_pictures(*read, SPEC, use_cache=False)
    monkeypatch.setattr(beside, "PICTURES_A_PROCESS", 5)
    monkeypatch.setattr(_Beside, "is_ready", waiting(_Beside.is_ready))
    monkeypatch.setattr("visus.data.scan.PIECE", 2)
    with_them = scan_pictures(*read, SPEC, use_cache=False)
    assert np.array_equal(without.pictures.pixels, with_them.pictures.pixels)
    assert without.dataset == with_them.dataset
    assert without.ledger == with_them.ledger
    arrays = without.looks.to_arrays(), with_them.looks.to_arrays()
    assert all(np.array_equal(arrays[0][name], arrays[1][name]) for name in arrays[0])


def waiting(is_ready):
    def wait(process) -> bool:
        wait_for(lambda: is_ready(process) or process._ended)
        return is_ready(process)

    return wait


def test_none_is_left_when_the_reading_ends_early(folder, monkeypatch):
    monkeypatch.setattr(beside, "available_cores", lambda: 2)
    monkeypatch.setattr(beside, "PICTURES_A_PROCESS", 5)
    started = []
    start = _Beside.started
    monkeypatch.setattr(
        _Beside, "started", lambda *words: started.append(start(*words)) or started[-1]
    )
    records = read_source(folder)[0].records
    with opener(records, SPEC, measured=False) as open_all:
        next(in_order(open_all, records, 2))
    assert [process._process.poll() for process in started] == [-signal.SIGKILL]


PARENT = """
import sys, time
from visus.data.beside import _Beside
from visus.data.preprocess import PreprocessSpec

process = _Beside.started(PreprocessSpec(image_size=(8, 8), channels=1), False)
while not process.is_ready():
    time.sleep(0.01)
print(process._process.pid, flush=True)
time.sleep(600)
"""


def test_it_ends_with_its_parent_and_needs_no_main_guard(tmp_path):
    (tmp_path / "script.py").write_text(PARENT)
    words = [sys.executable, str(tmp_path / "script.py")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as parent:
        number = int(parent.stdout.readline())
        os.kill(number, 0)
        parent.send_signal(signal.SIGKILL)
    wait_for(lambda: ended(number))


def ended(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"
