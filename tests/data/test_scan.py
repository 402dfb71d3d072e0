import zipfile

import numpy as np
import pytest
from PIL import Image

from visus.core.errors import DataError
from visus.core.progress import SilentProgress
from visus.data.cache_room import cache_sizes, clear_cache
from visus.data.decode import decode_image
from visus.data.opening import open_picture
from visus.data.preprocess import (
    MEAN_TOLERANCE,
    WORST_TOLERANCE,
    PreprocessSpec,
    least_decoded_size,
    prepare_pixels,
)
from visus.data.scan import scan_pictures
from visus.data.sources import read_source
from visus.data.survey import survey_pictures

SPEC = PreprocessSpec(image_size=(8, 8), channels=1)


def test_every_file_is_used_or_quarantined_with_its_reason(stripes_folder):
    (stripes_folder / "across" / "note.jpg").write_text("this is text")
    picture = (stripes_folder / "across" / "01.png").read_bytes()
    (stripes_folder / "across" / "cut.png").write_bytes(picture[:-60])
    scan = scan_pictures(*read_source(stripes_folder), SPEC)
    verdicts = {entry.id: entry.verdict for entry in scan.ledger.quarantined}
    assert verdicts == {"across/note.jpg": "not_image", "across/cut.png": "truncated"}
    assert scan.ledger.found == 62
    assert len(scan.pictures) == len(scan.dataset) == len(scan.ledger.used) == 60
    assert scan.pictures.ids == tuple(record.id for record in scan.dataset.records)


def test_an_enlarged_photograph_is_known_where_it_is_decoded_whole(tmp_path):
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (128, 128, 3), dtype=np.uint8))
    for name in ("a/1.jpg", "b/2.jpg"):
        (tmp_path / name).parent.mkdir()
        small.resize((1024, 1024), Image.Resampling.BICUBIC).save(tmp_path / name)
    read = read_source(tmp_path)
    looks = [
        scan_pictures(
            *read,
            PreprocessSpec(image_size=(32, 32), channels=3, decode_whole=whole),
        ).looks
        for whole in (True, False)
    ]
    assert looks[0].detail.max() < 0.2 < looks[1].detail.min()
    assert looks[1].heights.tolist() == [1024, 1024]


def test_pixels_are_what_prepare_pixels_gives(stripes_folder):
    scan = scan_pictures(*read_source(stripes_folder), SPEC)
    for row in (0, 17, 59):
        pixels = np.asarray(Image.open(stripes_folder / scan.pictures.ids[row]))
        expected = prepare_pixels(pixels[..., None], SPEC)
        assert np.array_equal(scan.pictures.pixels[row], expected)


def test_the_second_scan_reads_no_file(stripes_folder, monkeypatch):
    first = scan_pictures(*read_source(stripes_folder), SPEC)
    monkeypatch.setattr("visus.data.opening.decode_image", None)
    second = scan_pictures(*read_source(stripes_folder), SPEC)
    assert np.array_equal(first.pictures.pixels, second.pictures.pixels)
    assert first.dataset == second.dataset
    assert cache_sizes()["pixels"] > 0
    assert clear_cache("pixels") > 0
    assert "pixels" not in cache_sizes()


def test_a_changed_file_is_read_again(stripes_folder):
    scan_pictures(*read_source(stripes_folder), SPEC)
    path = stripes_folder / "across" / "01.png"
    Image.fromarray(np.zeros((16, 16), np.uint8)).save(path)
    scan = scan_pictures(*read_source(stripes_folder), SPEC)
    assert not scan.pictures.pixels[scan.pictures.ids.index("across/01.png")].any()


def test_a_damaged_cache_is_made_anew(stripes_folder, own_home):
    scan_pictures(*read_source(stripes_folder), SPEC)
    for path in (own_home / "pixels").iterdir():
        path.write_bytes(path.read_bytes()[:-30])
    assert len(scan_pictures(*read_source(stripes_folder), SPEC).pictures) == 60


def test_nothing_readable_is_a_data_error(tmp_path):
    for name in ("a/1.jpg", "b/2.jpg"):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text("text")
    with pytest.raises(DataError, match="None of the 2 files"):
        scan_pictures(*read_source(tmp_path), SPEC)


def test_arrays_stay_as_they_are(stripes):
    pictures, labels = stripes
    spec = PreprocessSpec(image_size=(16, 16), channels=1)
    scan = scan_pictures(*read_source((pictures, labels)), spec)
    assert np.array_equal(scan.pictures.pixels[..., 0], pictures)
    hashes = [record.content_hash for record in scan.dataset.records]
    assert len(set(hashes)) == len({picture.tobytes() for picture in pictures})


def test_the_survey_sees_sizes_and_colors(tmp_path, stripes_folder):
    survey = survey_pictures(read_source(stripes_folder)[0], SilentProgress())
    assert survey.common_size() == (16, 16)
    assert survey.all_gray
    assert survey.small
    Image.new("RGB", (300, 200)).save(stripes_folder / "across" / "01.png")
    survey = survey_pictures(read_source(stripes_folder)[0], SilentProgress())
    assert survey.common_size() is None
    assert not survey.all_gray


def photo(height, width, seed=0):
    """Smooth in parts, with edges and grain: what JPEG and scaling are hard on."""
    rows, columns = np.mgrid[:height, :width]
    planes = [np.sin(rows / 37) * 60, np.sin(columns / 23) * 60, (rows > columns) * 50]
    grain = np.random.default_rng(seed).normal(0, 4, (height, width, 3))
    return np.clip(np.stack(planes, axis=-1) + 120 + grain, 0, 255).astype(np.uint8)


FITS = ["squash", "crop", "pad"]


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", [(700, 1_100), (1_101, 703), (999, 1_001)])
def test_a_large_jpeg_is_prepared_as_if_decoded_whole(tmp_path, fit, size):
    Image.fromarray(photo(*size)).save(tmp_path / "photo.jpg", quality=90)
    spec = PreprocessSpec(image_size=(40, 40), channels=3, fit=fit)
    content = (tmp_path / "photo.jpg").read_bytes()
    assert decode_image(content, at_least=least_decoded_size(spec)).size == size
    opened = open_picture(tmp_path / "photo.jpg", spec)
    whole = np.asarray(Image.open(tmp_path / "photo.jpg"))
    assert (
        np.abs(opened.astype(int) - prepare_pixels(whole, spec)).mean() < MEAN_TOLERANCE
    )


def test_single_pixels_are_taken_from_the_whole_picture(tmp_path):
    Image.fromarray(photo(700, 1_100)).save(tmp_path / "photo.jpg")
    spec = PreprocessSpec(image_size=(64, 64), channels=3, interpolation="nearest")
    whole = np.asarray(Image.open(tmp_path / "photo.jpg"))
    opened = open_picture(tmp_path / "photo.jpg", spec)
    assert np.array_equal(opened, prepare_pixels(whole, spec))


def test_training_and_prediction_prepare_the_same_pixels(tmp_path):
    for name in ("a/1", "b/2"):
        path = tmp_path / f"{name}.jpg"
        path.parent.mkdir()
        Image.fromarray(photo(500, 640, len(name))).save(path)
    spec = PreprocessSpec(image_size=(40, 40), channels=3)
    scan = scan_pictures(*read_source(tmp_path), spec, use_cache=False)
    for row, image_id in enumerate(scan.pictures.ids):
        opened = open_picture(tmp_path / image_id, spec)
        assert np.array_equal(scan.pictures.pixels[row], opened)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(("side", "interpolation"), [(40, "area"), (80, "bicubic")])
def test_photographs_stay_within_the_stated_tolerance(
    shared_data, side, interpolation, fit
):
    differences = []
    spec = PreprocessSpec(
        image_size=(side, side), channels=3, fit=fit, interpolation=interpolation
    )
    least = least_decoded_size(spec)
    for archive, step in (("imagenet_samples_200", 8), ("cats_dogs_180", 150)):
        with zipfile.ZipFile(shared_data / f"{archive}.zip") as file:
            names = [n for n in file.namelist() if n.lower().endswith(("jpg", "jpeg"))]
            for name in sorted(names)[::step]:
                whole, small = (
                    decode_image(file.read(name), at_least=size)
                    for size in (None, least)
                )
                if small.pixels.shape != whole.pixels.shape:
                    wanted = prepare_pixels(whole.pixels, spec).astype(int)
                    found = prepare_pixels(small.pixels, spec, small.size)
                    differences.append(np.abs(wanted - found).mean())
    assert len(differences) >= 5
    assert np.mean(differences) < MEAN_TOLERANCE
    assert max(differences) < WORST_TOLERANCE
