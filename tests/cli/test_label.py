"""visus label next: what is worth a label, of what has none and is not learned."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from pictures import striped
from visus.bundles.inner import InnerSession


@pytest.fixture
def loose(trained, tmp_path):
    """A folder of 30 pictures in no class folder: two kinds, and one undecided kind."""
    folder = tmp_path / "loose"
    folder.mkdir()
    for row in range(30):
        picture = striped(row % 2 == 0, 500 + row)
        if row % 3 == 0:
            # Half of each direction.
            picture[:, 8:] = striped(row % 2 != 0, 700 + row)[:, 8:]
        Image.fromarray(picture).save(folder / f"{row:02d}.png")
    return folder


def test_pictures_that_the_model_is_unsure_of_are_chosen(cli, trained, loose):
    told, every = (
        cli.json(
            "label", "next", loose, "--model", trained / "run/model.visus", "--count", n
        )
        for n in (5, 30)
    )
    assert told["considered"] == 30
    assert told["told_apart_by"] == "features"
    unsure = [entry["uncertainty"] for entry in told["next"]]
    assert len(unsure) == 5
    assert np.mean(unsure) > np.mean([entry["uncertainty"] for entry in every["next"]])
    # The worthiest first, however many are asked for.
    assert told["next"] == every["next"][:5]
    for entry in told["next"]:
        best, second = entry["scores"].values()
        assert entry["uncertainty"] == pytest.approx(4 * best * second, abs=1e-3)


def test_what_was_learned_from_or_has_a_label_is_left_out(cli, trained, loose):
    stripes = trained / "stripes"
    for row, learned in enumerate(sorted(stripes.rglob("*.png"))):
        shutil.copy(learned, loose / f"copy-{row:02d}.png")
    (loose / "upright").mkdir()
    for name in ("01.png", "02.png"):
        shutil.copy(loose / name, loose / "upright" / f"known-{name}")
    shutil.copy(loose / "05.png", loose / "twice.png")
    data = json.loads((trained / "run/data.json").read_text())["pictures"]
    learned = data["train"] + data.get("validation", 0)
    told = cli.json(
        "label", "next", loose, "--model", trained / "run/model.visus", "--count", 99
    )
    names = {entry["id"] for entry in told["next"]}
    assert told["left_out"] == learned
    # Two in a class folder, and the two loose files of the same content.
    assert told["labelled"] == 4
    assert told["copies"] == 1
    assert names.isdisjoint({"01.png", "02.png"})
    assert len(names & {"05.png", "twice.png"}) == 1
    assert told["considered"] == len(names) == 28 + data["test"]


def test_where_all_have_labels_the_unlearned_are_ranked_and_it_is_said(cli, trained):
    told = cli.json(
        "label",
        "next",
        trained / "stripes",
        "--model",
        trained / "run/model.visus",
        "--count",
        3,
    )
    assert len(told["next"]) == 3
    assert told["labelled"] == 0
    assert told["notes"][0].startswith("Every picture has a label")


def test_nothing_left_to_choose_from_is_an_error(cli, trained, tmp_path):
    # Loose copies of what the model has learned from.
    data = json.loads((trained / "run/data.json").read_text())["pictures"]
    everything = cli.json(
        "label",
        "next",
        trained / "stripes",
        "--model",
        trained / "run/model.visus",
        "--count",
        99,
    )
    unlearned = {entry["id"] for entry in everything["next"]}
    assert len(unlearned) == data["test"]
    (tmp_path / "learned").mkdir()
    for row, path in enumerate(sorted((trained / "stripes").rglob("*.png"))):
        if str(path.relative_to(trained / "stripes")) not in unlearned:
            shutil.copy(path, tmp_path / "learned" / f"{row}.png")
    error = cli.json(
        "label",
        "next",
        tmp_path / "learned",
        "--model",
        trained / "run/model.visus",
        code=3,
    )
    assert "has learned from all" in error["received"]


def test_a_graph_of_scores_only_is_told_apart_by_thumbnails(
    cli, trained, loose, monkeypatch
):
    monkeypatch.setattr(
        InnerSession,
        "answer",
        lambda self, pixels: (self._session.scores(pixels), None),
    )
    told = cli.json(
        "label", "next", loose, "--model", trained / "run/model.visus", "--count", 5
    )
    assert told["told_apart_by"] == "thumbnails"
    assert len(told["next"]) == 5


def test_the_chosen_are_drawn(cli, trained, loose, tmp_path):
    sheet = tmp_path / "next.png"
    words = ("label", "next", loose, "--model", trained / "run/model.visus")
    result = cli(*words, "--count", 7, "--plot", sheet)
    assert f"sheet: {sheet}" in result.stdout
    height, width, _ = np.asarray(Image.open(sheet)).shape
    assert width > 5 * 150
    assert height > 2 * 160
    cli(*words, "--plot", sheet, code=2)
    cli(*words, "--plot", sheet, "--force")
