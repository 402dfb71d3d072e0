"""Every bad input: one message with its three parts, the exit code, no traceback."""

import json
import zipfile
from pathlib import Path

from PIL import Image


def refused(cli, *words, code: int, mentions: str) -> None:
    plain = cli(*words, code=code)
    lines = plain.stderr.splitlines()
    assert lines[-3].startswith("visus: ")
    assert lines[-2].startswith("  expected: ")
    assert lines[-1].startswith("  to mend it: ")
    assert mentions in plain.stderr
    assert "Traceback" not in plain.stderr + plain.stdout
    told = json.loads(cli(*words, "--json", code=code).stdout)
    assert told["exit_code"] == code
    assert {"error", "received", "expected", "remedy"} <= told.keys()


def test_sources_that_cannot_be_learned_from(cli, tmp_path):
    (tmp_path / "empty").mkdir()
    picture = Image.new("L", (8, 8))
    for name in ("one/cat/1.png", "one/cat/2.png", "few/a/1.png", "few/b/1.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        picture.save(name)
    picture.save("few/a/2.png")
    Path("words.csv").write_text("name,label\nx,y\n")
    Path("lost.csv").write_text("file_name,label\nx.png,a\ny.png,b\n")
    for source, code, mentions in (
        ("nothing-here", 3, "does not exist"),
        ("empty", 3, "no files"),
        ("one", 3, "'cat' only"),
        ("few", 3, "'b'"),
        ("words.csv", 3, "file_name"),
        ("lost.csv", 3, "x.png"),
        ("mnits", 2, "'mnist'"),
        ("words.txt", 3, "does not exist"),
    ):
        refused(cli, "train", source, "--out", "r", code=code, mentions=mentions)
    assert not Path("r").exists()


def test_what_fails_before_it_has_its_pictures_leaves_no_folder_in_the_way(
    cli, stripes_folder, tmp_path
):
    torn = next(stripes_folder.rglob("*.png")).read_bytes()[:60]
    for name in ("a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/2.png", "b/3.png"):
        path = tmp_path / "torn" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(torn)
    out = tmp_path / "run"
    for several in ((), ("--folds", "2"), ("--seeds", "2")):
        cli("train", tmp_path / "torn", "--out", out, *several, code=3)
        assert not out.exists()
    # What was there before is not the run's to remove.
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    cli("train", tmp_path / "torn", "--out", out, code=2)
    assert (out / "mine.txt").read_text() == "mine"


def test_misspelt_words_name_the_nearest(cli, stripes_folder):
    for words, mentions in (
        (["--network", "convnett"], "'convnet'"),
        (["--recipe", "quik"], "'quick'"),
        (["--set", "training.epoch=3"], "training.epochs"),
        (["--set", "network.poling=max", "--network", "convnet"], "network.pooling"),
        (["--set", "training.epochs=many"], "training.epochs"),
        (["--set", "epochs"], "training.epochs=5"),
    ):
        refused(cli, "train", stripes_folder, *words, code=2, mentions=mentions)
    refused(cli, "models", "dens", code=2, mentions="'dense'")
    refused(cli, "models", "dense", "--input", "28", code=2, mentions="28x28x1")
    refused(cli, "cache", "--clear", "pixel", code=2, mentions="'pixels'")


def test_no_source_and_two_sources(cli, stripes_folder):
    refused(cli, "train", code=2, mentions="No source")
    refused(cli, "train", stripes_folder, "--resume", "r", code=2, mentions="Both")
    refused(cli, "train", "--resume", "nowhere", code=2, mentions="nowhere")


def test_an_output_place_that_cannot_be_written(cli, stripes_folder):
    Path("file").write_text("mine")
    out = ["--network", "dense", "--out", "file/run"]
    refused(cli, "train", stripes_folder, *out, code=5, mentions="cannot be written")
    assert Path("file").read_text() == "mine"


def test_a_full_disk_while_the_bundle_is_saved(cli, stripes_folder, monkeypatch):
    import errno

    from visus.core import files

    sync = files._sync

    def full(path):
        if "model.visus" in path.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(path)

    monkeypatch.setattr(files, "_sync", full)
    words = ["train", stripes_folder, "--network", "dense", "--out", "r"]
    words += ["--set", "training.epochs=2", "--set", "training.preflight=false"]
    result = cli(*words, code=5)
    assert "No space left" in result.stderr
    assert not Path("r/model.visus").exists()
    assert len(Path("r/log.jsonl").read_text().splitlines()) == 2
    # Nothing learned is lost: with room again, the run only has to be finished.
    monkeypatch.setattr(files, "_sync", sync)
    told = cli.json("train", "--resume", "r")
    assert told["epochs"] == 2
    assert Path("r/model.visus").is_file()


def test_bundles_that_cannot_be_used(cli, trained):
    good = (trained / "run" / "model.visus").read_bytes()
    picture = trained / "stripes" / "across" / "01.png"
    Path("half.visus").write_bytes(good[: len(good) // 2])
    changed = bytearray(good)
    changed[len(good) // 2] ^= 1
    Path("changed.visus").write_bytes(changed)
    Path("text.visus").write_text("hello")
    with zipfile.ZipFile(trained / "run" / "model.visus") as old:
        with zipfile.ZipFile("newer.visus", "w") as new:
            for name in old.namelist():
                content = old.read(name)
                if name == "manifest.json":
                    manifest = json.loads(content) | {"format_version": 99}
                    content = json.dumps(manifest).encode()
                new.writestr(name, content)
    for name, mentions in (
        ("half.visus", "damaged"),
        ("changed.visus", "damaged"),
        ("text.visus", "damaged"),
        ("newer.visus", "version 99"),
        ("none.visus", "does not exist"),
    ):
        refused(cli, "predict", name, picture, code=4, mentions=mentions)


def test_pictures_that_are_none(cli, trained):
    bundle = trained / "run" / "model.visus"
    Path("note.jpg").write_text("this is text")
    Path("empty.png").write_bytes(b"")
    whole = (trained / "stripes" / "across" / "01.png").read_bytes()
    Path("cut.png").write_bytes(whole[: len(whole) - 60])
    for name, mentions in (
        ("note.jpg", "note.jpg"),
        ("empty.png", "empty"),
        ("cut.png", "cut.png"),
        ("missing.png", "missing.png"),
        ("no/*.png", "no/*.png"),
    ):
        refused(cli, "predict", bundle, name, code=3, mentions=mentions)


def test_unreadable_pictures_are_counted_and_the_run_goes_on(cli, stripes_folder):
    (stripes_folder / "across" / "note.jpg").write_text("text")
    words = ["train", stripes_folder, "--network", "dense", "--out", "r"]
    words += ["--set", "training.epochs=1", "--set", "training.preflight=false"]
    told = cli.json(*words)
    assert (told["found"], told["quarantined"]) == (61, 1)
    assert "note.jpg" in told["notes"][0]
    assert "note.jpg" in Path("r/reports/evaluation.html").read_text()


def test_other_classes_are_refused_by_evaluation(cli, trained):
    for name in ("cat/1.png", "across/2.png"):
        path = Path("other") / name
        path.parent.mkdir(parents=True)
        Image.new("L", (16, 16)).save(path)
    bundle = trained / "run" / "model.visus"
    refused(cli, "evaluate", bundle, "other", code=3, mentions="'cat'")


def test_an_error_that_nobody_foresaw_has_no_traceback(capsys, monkeypatch):
    from visus.cli.output import show_unexpected

    monkeypatch.delenv("VISUS_TRACE", raising=False)
    show_unexpected(ValueError, ValueError("odd"), None)
    told = capsys.readouterr().err
    assert "ValueError: odd" in told
    assert "VISUS_TRACE=1" in told
