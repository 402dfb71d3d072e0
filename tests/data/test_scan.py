import numpy as np
import pytest
from PIL import Image

from visus.core.errors import DataError
from visus.core.progress import SilentProgress
from visus.data.cache import cache_sizes, clear_cache
from visus.data.preprocess import PreprocessSpec, prepare_pixels
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


def test_pixels_are_what_prepare_pixels_gives(stripes_folder):
    scan = scan_pictures(*read_source(stripes_folder), SPEC)
    for row in (0, 17, 59):
        pixels = np.asarray(Image.open(stripes_folder / scan.pictures.ids[row]))
        expected = prepare_pixels(pixels[..., None], SPEC)
        assert np.array_equal(scan.pictures.pixels[row], expected)


def test_the_second_scan_reads_no_file(stripes_folder, monkeypatch):
    first = scan_pictures(*read_source(stripes_folder), SPEC)
    monkeypatch.setattr("visus.data.scan.decode_image", None)
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
