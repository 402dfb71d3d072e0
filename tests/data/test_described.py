"""Every picture is described once, whatever it is called and wherever it lies."""

import numpy as np
import pytest

from pictures import write_stripes
from visus.core.progress import SilentProgress
from visus.data.cache_room import features_folder
from visus.data.described import Describer, describe_pictures
from visus.data.feature_cache import MOST_FILES, FeatureCache
from visus.data.ledger import Ledger
from visus.data.preprocess import PreprocessSpec
from visus.data.scan import scan_pictures
from visus.data.sources import read_source

SPEC = PreprocessSpec(image_size=(8, 8), channels=3)


class Counting:
    """Describes by the mean of each row of pixels, and counts."""

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        self.seen += len(pixels)
        return pixels.mean(axis=(2, 3)).astype(np.float32)

    def describer(self, network: str = "means") -> Describer:
        return Describer(self, SPEC, FeatureCache.of(network, SPEC, 8))


def described(source, counting: Counting, network: str = "means"):
    describer = counting.describer(network)
    return describe_pictures(*read_source(source), describer, SilentProgress())


def test_features_are_those_of_the_prepared_pictures(stripes_folder):
    found = described(stripes_folder, Counting())
    scan = scan_pictures(*read_source(stripes_folder), SPEC)
    expected = scan.pictures.pixels.mean(axis=(2, 3))
    assert np.allclose(found.features, expected)
    assert found.dataset == scan.dataset
    assert np.array_equal(found.looks.thumbnails, scan.looks.thumbnails)
    assert np.array_equal(found.pictures.pixels[3:5], scan.pictures.pixels[3:5])
    assert np.array_equal(
        found.pictures.take([7, 2]).pixels[:], scan.pictures.pixels[[7, 2]]
    )


def test_a_second_time_nothing_is_computed(stripes_folder):
    first, second = Counting(), Counting()
    before = described(stripes_folder, first)
    after = described(stripes_folder, second)
    assert (first.seen, second.seen) == (60, 0)
    assert (before.computed, after.computed) == (60, 0)
    assert np.array_equal(before.features, after.features)
    assert np.array_equal(before.looks.thumbnails, after.looks.thumbnails)
    assert before.looks.formats == after.looks.formats


def test_renamed_and_added_pictures(stripes_folder):
    described(stripes_folder, Counting())
    moved = stripes_folder / "across" / "01.png"
    moved.rename(stripes_folder / "upright" / "renamed.png")
    (stripes_folder / "across" / "broken.png").write_bytes(b"no picture")
    write_stripes(stripes_folder, 63)
    counting = Counting()
    found = described(stripes_folder, counting)
    assert counting.seen == 3
    scan = scan_pictures(*read_source(stripes_folder), SPEC)
    assert np.allclose(found.features, scan.pictures.pixels.mean(axis=(2, 3)))
    assert [entry.id for entry in found.ledger.quarantined] == ["across/broken.png"]
    # The picture 01 is written again, and is the renamed one: known either way.
    assert len(found.dataset) == 64


def test_other_weights_or_another_spec_are_other_features(stripes_folder):
    described(stripes_folder, Counting())
    counting = Counting()
    described(stripes_folder, counting, network="other")
    assert counting.seen == 60
    other = SPEC.model_copy(update={"fit": "crop"})
    assert (
        FeatureCache.of("means", other, 8).key != FeatureCache.of("means", SPEC, 8).key
    )


def test_another_resampler_gives_other_features(monkeypatch):
    keys = set()
    for name in ("Pillow", "fast_image_resize"):
        monkeypatch.setattr("visus.data.feature_cache.resampler", lambda n=name: n)
        keys.add(FeatureCache.of("means", SPEC, 8).key)
    assert len(keys) == 2


def test_pictures_in_memory(stripes):
    pictures, labels = stripes
    counting = Counting()
    found = described((pictures[:20], labels[:20]), counting)
    assert found.features.shape == (20, 8)
    described((pictures[5:20], labels[5:20]), counting)
    assert counting.seen == 20


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_a_damaged_file_is_as_if_it_were_not_there(stripes_folder, damage):
    described(stripes_folder, Counting())
    (path,) = features_folder().iterdir()
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[-60] ^= 1
    path.write_bytes(content[: {"cut": 100, "emptied": 0}.get(damage, len(content))])
    counting = Counting()
    found = described(stripes_folder, counting)
    assert counting.seen == 60
    assert np.isfinite(found.features).all()


def test_what_was_kept_before_a_kill_is_known(stripes_folder, monkeypatch):
    monkeypatch.setattr("visus.data.described.SECONDS_BETWEEN_FILES", 0.0)
    monkeypatch.setattr("visus.data.described.PIECE", 10)
    # With two, the first piece may be the one that is killed.
    monkeypatch.setattr("visus.data.ahead.available_cores", lambda: 1)

    class Killed(Counting):
        def __call__(self, pixels):
            if self.seen >= 40:
                raise KeyboardInterrupt
            return super().__call__(pixels)

    with pytest.raises(KeyboardInterrupt):
        described(stripes_folder, Killed())
    counting = Counting()
    found = described(stripes_folder, counting)
    assert 0 < counting.seen < 60
    assert np.array_equal(
        found.features, described(stripes_folder, Counting()).features
    )


def test_many_files_become_one(stripes_folder, monkeypatch):
    monkeypatch.setattr("visus.data.described.SECONDS_BETWEEN_FILES", 0.0)
    monkeypatch.setattr("visus.data.described.PIECE", 4)
    before = described(stripes_folder, Counting())
    assert len(list(features_folder().iterdir())) == 1 < MOST_FILES
    after = described(stripes_folder, Counting())
    assert after.computed == 0
    assert np.array_equal(before.features, after.features)


def test_without_room_nothing_is_kept_and_nothing_lost(stripes_folder, monkeypatch):
    monkeypatch.setattr("visus.data.feature_cache.make_room", lambda size: False)
    found = described(stripes_folder, Counting())
    assert found.features.shape == (60, 8)
    assert not features_folder().exists() or not list(features_folder().iterdir())


def test_features_share_the_budget(stripes_folder, monkeypatch):
    described(stripes_folder, Counting())
    monkeypatch.setenv("VISUS_CACHE_GIGABYTES", "0")
    described(stripes_folder, Counting(), network="other")
    # Least needed first: what the other network gave is new, and stays.
    assert len(list(features_folder().iterdir())) == 1


def test_a_picture_that_went_away_is_named(stripes_folder):
    from visus.core.errors import DataError

    found = described(stripes_folder, Counting())
    (stripes_folder / found.pictures.ids[4]).unlink()
    with pytest.raises(DataError, match=found.pictures.ids[4]):
        found.pictures.pixels[4]


def test_ledger_counts_every_file(stripes_folder):
    found = described(stripes_folder, Counting())
    assert isinstance(found.ledger, Ledger)
    assert found.ledger.found == 60
