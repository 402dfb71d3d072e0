import os
import signal
import subprocess
import sys
import time

import pytest

from visus.core.errors import MachineError
from visus.core.files import append_line, write_bytes, write_json, written_aside


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ValueError, match="stop"), written_aside(path) as aside:
        aside.write_text("half")
        raise ValueError("stop")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_missing_folders_are_made(tmp_path):
    write_json(tmp_path / "a" / "b" / "c.json", {"x": 1})
    assert (tmp_path / "a" / "b" / "c.json").is_file()


def test_a_place_that_cannot_be_written_is_a_machine_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError) as caught:
        write_bytes(tmp_path / "file" / "below.txt", b"")
    assert "--out" in caught.value.remedy


def test_a_full_disk_is_a_machine_error_and_loses_nothing(tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    path = tmp_path / "link"
    path.symlink_to("/dev/full")
    with pytest.raises(MachineError, match="No space"):
        append_line(path, "x" * 10)


def test_lines_are_appended_whole(tmp_path):
    path = tmp_path / "log"
    append_line(path, "one")
    append_line(path, "two")
    assert path.read_text() == "one\ntwo\n"


def test_a_kill_at_any_instant_leaves_one_whole_file(tmp_path):
    path = tmp_path / "value.bin"
    write_bytes(path, b"\0" * 100_000)
    script = (
        "import sys; from pathlib import Path\n"
        "from visus.core.files import write_bytes\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1; write_bytes(Path(sys.argv[1]), bytes([n % 256]) * 100_000)\n"
    )
    for wait in (0.05, 0.09, 0.14):
        process = subprocess.Popen([sys.executable, "-c", script, str(path)])
        time.sleep(0.4 + wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        content = path.read_bytes()
        assert len(content) == 100_000
        assert len(set(content)) == 1
