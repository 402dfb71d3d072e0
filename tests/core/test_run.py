import pytest

from visus.core.errors import ConfigError, MachineError
from visus.core.run import Run
from visus.core.settings import Settings


class Config(Settings):
    name: str = "x"


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(ConfigError, match="not empty"):
        Run.create(tmp_path, Config())
    with pytest.raises(ConfigError, match="not empty"):
        Run.create(tmp_path, Config(), force=True)
    assert (tmp_path / "note.txt").read_text() == "mine"


def test_force_replaces_a_run_and_keeps_other_files(tmp_path):
    run = Run.create(tmp_path / "a", Config())
    run.log({"epoch": 1})
    (run.folder / "mine.txt").write_text("mine")
    again = Run.create(run.folder, Config(name="y"), force=True)
    assert again.config() == {"name": "y"}
    assert again.log_entries() == []
    assert (run.folder / "mine.txt").is_file()


def test_a_torn_last_line_of_the_log_is_left_out(tmp_path):
    run = Run.create(tmp_path / "a", Config())
    run.log({"epoch": 1})
    with run.log_path.open("a") as file:
        file.write('{"epoch": 2, "lo')
    assert run.log_entries() == [{"epoch": 1}]


def test_one_writer_a_run(tmp_path):
    run = Run.create(tmp_path / "a", Config())
    with run.locked(), pytest.raises(MachineError, match="Another process"):
        with Run(run.folder).locked():
            pass


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no config\.toml"):
        Run.open(tmp_path)
