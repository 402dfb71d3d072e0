"""Folders as anybody may leave them: every file is used or quarantined, nothing hangs.

A hang would stop the suite, so each test that could hang runs under an alarm.
"""

import csv
import os
import shutil
import signal
import socket
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from visus.bundles import Bundle
from visus.core.errors import DataError
from visus.core.progress import SilentProgress
from visus.data.decode import DecodeFailure, read_file, read_header
from visus.data.ledger import VERDICTS
from visus.data.names import printable_name
from visus.data.preprocess import PreprocessSpec
from visus.data.scan import scan_pictures
from visus.data.sources import read_source
from visus.data.survey import survey_pictures
from visus.pipeline.predict import find_pictures, write_answers
from visus.tasks.single_label import SingleLabel

SPEC = PreprocessSpec(image_size=(4, 4), channels=3)


@pytest.fixture(autouse=True)
def alarm():
    """Two minutes for all examples of a test; a hang lasts for ever."""

    def rise(*_):
        raise TimeoutError("Reading hangs.")

    before = signal.signal(signal.SIGALRM, rise)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def good(path):
    Image.fromarray(np.full((5, 6, 3), 90, np.uint8)).save(path, "PNG")


def cut(path):
    good(path)
    with open(path, "rb") as file:
        content = file.read()
    with open(path, "wb") as file:
        file.write(content[:-30])


def text(path):
    with open(path, "wb") as file:
        file.write(b"this is no picture")


def empty(path):
    with open(path, "wb"):
        pass


def dangling(path):
    os.symlink(b"nowhere-at-all", path)


def loop(path):
    os.symlink(os.path.basename(path), path)


def device(path):
    os.symlink("/dev/zero", path)


def closed(path):
    good(path)
    os.chmod(path, 0)


def listening(path):
    with socket.socket(socket.AF_UNIX) as server:
        # A socket's whole path must be short; its name need not be.
        here = os.open(".", os.O_RDONLY)
        try:
            os.chdir(os.path.dirname(path))
            # Cut short it may be there already, as another entry of the tree.
            name = os.path.basename(path)[:90]
            if not os.path.lexists(name):
                server.bind(name)
        finally:
            os.fchdir(here)
            os.close(here)


VERDICT_OF = {
    cut: "truncated",
    text: "not_image",
    empty: "not_image",
    dangling: "unreadable",
    loop: "unreadable",
    device: "unreadable",
    os.mkfifo: "unreadable",
    listening: "unreadable",
}
# Names that are no text, that look like options, that are as long as names can be.
NAMES = [b"a.png", b"a.jpg", b"a", b"\xff.png", b"\xfe.png", rb"\xff.png", b"-rf"]
NAMES += [b"--help.jpg", b" ", b"new\nline.gif", b"n" * 255, "schön 猫.jpg".encode()]
HIDDEN = [b".hidden", b".DS_Store", b"Thumbs.db"]


def place(folder, name, make):
    path = os.path.join(os.fsencode(folder), name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not os.path.lexists(path):
        make(path)


def count_visible(folder):
    """The oracle: every name of the tree that is no folder and not hidden."""
    found = 0
    for entry in os.scandir(os.fsencode(folder)):
        if entry.name.startswith(b".") or entry.name == b"Thumbs.db":
            continue
        inside = entry.is_dir(follow_symlinks=False)
        found += count_visible(entry.path) if inside else 1
    return found


FOLDERS = [b"", b"cat", b"dog", b"cat/deep/er", b"-dash", b"\xff\xfe", b".git"]
makers = st.sampled_from([good, *VERDICT_OF])
trees = st.lists(
    st.tuples(st.sampled_from(FOLDERS), st.sampled_from(NAMES + HIDDEN), makers),
    max_size=15,
)


@settings(max_examples=60)
@given(trees)
def test_every_file_found_is_used_or_quarantined(tmp_path_factory, tree):
    folder = tmp_path_factory.mktemp("tree")
    place(folder, b"cat/first.png", good)
    for parent, name, make in tree:
        place(folder, os.path.join(parent, name), make)
    dataset, ledger = read_source(folder)
    survey_pictures(dataset, SilentProgress())
    scans = [
        scan_pictures(dataset, ledger, SPEC, use_cache=use_cache)
        for use_cache in (False, True, True)
    ]
    scan = scans[0]
    assert [other.ledger for other in scans] == [scan.ledger] * 3
    assert scan.ledger.found == count_visible(folder)
    assert len(scan.ledger.used) == len(scan.dataset) == len(scan.pictures)
    assert scan.ledger.used == scan.pictures.ids
    everything = [*scan.ledger.used, *(entry.id for entry in scan.ledger.quarantined)]
    assert len(set(everything)) == len(everything)
    assert {entry.verdict for entry in scan.ledger.quarantined} <= {*VERDICTS}
    for name in everything:
        name.encode("utf-8")
    find_pictures([str(folder)])
    shutil.rmtree(folder)


@pytest.mark.parametrize("make", VERDICT_OF)
def test_each_kind_has_its_verdict(tmp_path, make):
    place(tmp_path, b"cat/good.png", good)
    place(tmp_path, b"cat/other.png", make)
    scan = scan_pictures(*read_source(tmp_path), SPEC)
    (entry,) = scan.ledger.quarantined
    assert (entry.id, entry.verdict) == ("cat/other.png", VERDICT_OF[make])
    path = tmp_path / "cat" / "other.png"
    if make is cut:
        assert read_header(path).height == 5  # It lacks its end only.
        return
    for read in (read_header,) if make is text else (read_header, read_file):
        with pytest.raises(DecodeFailure) as caught:
            read(path)
        assert caught.value.verdict == VERDICT_OF[make]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_file_without_permission_is_unreadable(tmp_path):
    place(tmp_path, b"cat/good.png", good)
    place(tmp_path, b"cat/closed.png", closed)
    scan = scan_pictures(*read_source(tmp_path), SPEC)
    assert [entry.verdict for entry in scan.ledger.quarantined] == ["unreadable"]


def test_a_folder_that_leads_back_to_itself_ends(tmp_path):
    place(tmp_path, b"cat/good.png", good)
    os.symlink("..", tmp_path / "cat" / "up")
    dataset, _ = read_source(tmp_path)
    assert len(dataset) == 1
    assert len(find_pictures([str(tmp_path)])) == 1


@pytest.mark.parametrize("question", ["x" * 300, "a" * 5_000, "\0", "[", "-rf", ""])
def test_a_question_that_names_nothing_is_a_data_error(question):
    with pytest.raises(DataError, match="names no file"):
        find_pictures([question])


def test_questions_may_be_anything_that_exists(tmp_path):
    place(tmp_path, b"loop.png", loop)
    place(tmp_path, b"\xff[1].png", good)
    os.mkfifo(tmp_path / "pipe")
    names = [str(path) for path in sorted(tmp_path.iterdir())]
    assert find_pictures(names) == [Path(name) for name in names]


@given(st.binary(min_size=1), st.binary(min_size=1))
def test_printable_names_differ_when_names_do(first, second):
    names = [printable_name(os.fsdecode(name)) for name in (first, second)]
    assert (names[0] == names[1]) == (first == second)
    for name in names:
        name.encode("utf-8")
    assert printable_name("schön 猫.jpg") == "schön 猫.jpg"
    assert printable_name(os.fsdecode(b"\xff")) != printable_name(r"\xff")


class FakeBundle:
    """As much of a bundle as answering needs; every picture is a cat."""

    class_names = ("cat", "dog")
    task = SingleLabel(class_names)
    spec = SPEC
    predictions = Bundle.predictions

    class contents:
        graph = b"a graph"
        calibration = None

    calibration = None
    views = "none"

    def answer(self, pixels):
        assert pixels.shape[1:] == self.spec.input_shape
        return np.tile(np.float32([0.75, 0.25]), (len(pixels), 1)), None


def test_answers_to_any_tree_are_one_row_a_file(tmp_path):
    for number, make in enumerate([good, *VERDICT_OF]):
        place(tmp_path / "asked", b"%d.png" % number, make)
    for name in NAMES:
        place(tmp_path / "asked", name, good)
    paths = find_pictures([str(tmp_path / "asked")])
    out = tmp_path / "answers.csv"
    write_answers(FakeBundle(), paths, out, SilentProgress())
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file_name"] for row in rows] == [printable_name(p) for p in paths]
    answered = [row for row in rows if row["answer"] == "cat"]
    assert len(answered) == 1 + len(NAMES)
    assert all(bool(row["answer"]) != bool(row["problem"]) for row in rows)
    # A second call finds all of them answered.
    assert write_answers(FakeBundle(), paths, out, SilentProgress()) == len(paths)
