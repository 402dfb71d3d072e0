"""The other ways in: tables, arrays, networks of one's own, weights of another run."""

import csv

import numpy as np
import pytest

import visus
from visus.models.backend import select_backend

FEW = {"training": {"epochs": 4, "batch_size": 16, "preflight": False}}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_table_a_frame_and_arrays_tell_the_same_story(stripes_folder, tmp_path):
    import pandas
    from PIL import Image

    paths = sorted(stripes_folder.rglob("*.png"))
    rows = [
        (str(p), p.parent.name, "test" if i % 5 == 0 else "train")
        for i, p in enumerate(paths)
    ]
    with open("table.csv", "w", newline="") as file:
        csv.writer(file).writerows([("file_name", "label", "split"), *rows])
    frame = pandas.DataFrame(rows, columns=["file_name", "label", "split"])
    by_table = visus.train(tmp_path / "table.csv", "dense", settings=FEW)
    by_frame = visus.train(frame, "dense", settings=FEW)
    assert by_table.accuracy == by_frame.accuracy
    assert by_table.summary["counts"] == by_frame.summary["counts"]
    pixels = np.stack([np.asarray(Image.open(path)) for path in paths])
    by_arrays = visus.train((pixels, [row[1] for row in rows]), "dense", settings=FEW)
    assert by_arrays.summary["test"]["pictures"] == 12
    answers = by_arrays.bundle.predict([pixels[0], Image.fromarray(pixels[1])])
    assert answers.ids == ("0", "1")


def test_default_folders_are_numbered(stripes):
    pictures, labels = stripes
    runs = [visus.train((pictures, labels), "dense", settings=FEW) for _ in range(2)]
    assert [str(run.folder) for run in runs] == [
        "runs/memory-dense-001",
        "runs/memory-dense-002",
    ]
    assert runs[0].accuracy == runs[1].accuracy
    first, second = (run.bundle.contents for run in runs)
    assert first.graph == second.graph
    assert np.array_equal(first.golden["scores"], second.golden["scores"])


def test_a_python_file_and_a_keras_model_are_networks(stripes):
    select_backend()
    import keras

    source = "import keras\ndef build(input_shape, num_classes):\n"
    source += "    x = i = keras.Input(input_shape)\n"
    source += "    x = keras.layers.Flatten()(x)\n"
    source += "    x = keras.layers.Dense(num_classes, activation='softmax')(x)\n"
    source += "    return keras.Model(i, x)\n"
    with open("mine.py", "w") as file:
        file.write(source)
    by_file = visus.train(stripes, "mine.py", settings=FEW)
    assert by_file.summary["network"] == "mine"
    images = keras.Input((16, 16, 1))
    scores = keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(images))
    model = keras.Model(images, scores, name="own")
    by_model = visus.train(stripes, model, settings=FEW)
    assert by_model.summary["network"] == "own"
    assert by_model.summary["parameters"] == by_file.summary["parameters"] == 514


def test_training_starts_from_another_bundle(stripes):
    first = visus.train(stripes, "dense", settings=FEW)
    still = {"training": {**FEW["training"], "epochs": 1, "learning_rate": 1e-12}}
    again = visus.train(
        stripes, "dense", settings=still, start_from=first.bundle.path, seed=5
    )
    assert again.summary["test"]["loss"] == pytest.approx(
        first.summary["test"]["loss"], abs=1e-4
    )
    unsaid = visus.train(stripes, settings=still, start_from=first.bundle.path)
    assert unsaid.summary["network"] == "dense"
    with pytest.raises(visus.ModelError, match="does not exist"):
        visus.train(stripes, settings=FEW, start_from="nowhere.visus")
    with pytest.raises(visus.ModelError, match="do not fit"):
        visus.train(
            stripes, "convnet-dropout", settings=FEW, start_from=first.bundle.path
        )


def test_a_run_from_a_bundle_is_resumed_from_it_too(stripes, monkeypatch):
    first = visus.train(stripes, "dense", settings=FEW, out="first")
    options = {"settings": FEW, "seed": 5, "start_from": first.bundle.path}
    whole = visus.train(stripes, "dense", out="whole", **options)
    # Stopped after its config was written and before its first checkpoint.
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("visus.pipeline.train.prepare_data", interrupted)
        visus.train(stripes, "dense", out="stopped", **options)
    resumed = visus.resume("stopped", source=stripes)
    assert resumed.bundle.contents.graph == whole.bundle.contents.graph


def interrupted(*_):
    raise KeyboardInterrupt


def test_a_changed_folder_cannot_be_resumed(stripes_folder):
    from visus.core.run import Run

    run = visus.train(stripes_folder, "dense", settings=FEW, out="r")
    (run.folder / "summary.json").unlink()
    assert visus.resume("r").accuracy == run.accuracy
    (run.folder / "summary.json").unlink()
    next((stripes_folder / "across").iterdir()).unlink()
    with pytest.raises(visus.DataError, match="changed"):
        visus.resume("r")
    assert Run.open(run.folder)


def test_the_public_surface_is_sorted_and_real():
    assert visus.__all__ == sorted(visus.__all__)
    assert all(getattr(visus, name) for name in visus.__all__)
    with pytest.raises(AttributeError):
        _ = visus.nothing
