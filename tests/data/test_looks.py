import numpy as np
import pytest
from PIL import Image

from visus.data.looks import Looks, join_looks, look_at
from visus.data.preprocess import PreprocessSpec
from visus.data.scan import scan_pictures
from visus.data.sources import read_source

PHOTOS = (".jpg", ".jpeg", ".png")


def picture(height=60, width=90, channels=3, seed=0):
    values = np.random.default_rng(seed).integers(0, 256, (height, width, channels))
    return values.astype(np.uint8)


def luma_of(pixels):
    weights = [0.299, 0.587, 0.114]
    return np.floor(pixels.astype(float) @ weights + 0.5)


def test_brightness_contrast_and_entropy_are_those_of_the_luma():
    pixels = picture()
    look, luma = look_at(pixels), luma_of(pixels)
    shares = np.unique(luma, return_counts=True)[1] / luma.size
    # Float32 rounds a half the other way now and then: one level, one pixel.
    assert look.brightness == pytest.approx(luma.mean() / 255, abs=1e-5)
    assert look.contrast == pytest.approx(luma.std() / 255, abs=1e-5)
    assert look.entropy == pytest.approx(-(shares * np.log2(shares)).sum(), abs=1e-3)


def test_sharpness_is_the_variance_of_the_laplacian():
    pixels = picture(20, 31, 1)
    luma = pixels[..., 0].astype(float)
    found = [
        luma[y - 1, x] + luma[y + 1, x] + luma[y, x - 1] + luma[y, x + 1]
        - 4 * luma[y, x]
        for y in range(1, 19)
        for x in range(1, 30)
    ]  # fmt: skip
    assert look_at(pixels).sharpness == pytest.approx(np.var(found), rel=1e-5)


def test_colorfulness_is_the_mean_distance_from_the_mean_channel():
    pixels = picture(25, 30)
    values = pixels.astype(float)
    distances = np.abs(values - values.mean(axis=2, keepdims=True))
    assert look_at(pixels).colorfulness == pytest.approx(distances.mean() / 255)
    assert look_at(np.repeat(picture(9, 9, 1), 3, axis=2)).colorfulness == 0
    assert look_at(picture(9, 9, 1)).colorfulness == 0


def test_the_thumbnail_is_the_squashed_luma():
    pixels = picture(64, 96, 1)
    blocks = pixels[..., 0].reshape(32, 2, 32, 3).astype(float).mean(axis=(1, 3))
    # Width and height are averaged one after the other, and rounded each time.
    assert np.abs(look_at(pixels).thumbnail - blocks).max() <= 1


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 300, 3), (2, 2, 3), (400, 1, 1)])
def test_pictures_of_any_shape_are_looked_at(shape):
    look = look_at(np.full(shape, 255, np.uint8))
    assert look.thumbnail.shape == (32, 32)
    assert (look.brightness, look.contrast, look.entropy) == (1, 0, 0)
    assert (look.sharpness, look.detail) == (0, 1)


def test_only_what_twins_need_is_noted_unless_measured():
    pixels = picture()
    full, short = look_at(pixels), look_at(pixels, measured=False)
    assert np.array_equal(full.thumbnail, short.thumbnail)
    assert (full.height, full.width) == (short.height, short.width)
    names = ("brightness", "contrast", "sharpness", "detail", "entropy", "colorfulness")
    assert all(np.isfinite(getattr(full, name)) for name in names)
    assert all(np.isnan(getattr(short, name)) for name in names)


def test_detail_tells_how_far_a_picture_was_enlarged():
    honest = clouds(128)
    assert look_at(honest).detail > 0.85
    for times in (2, 4):
        small = Image.fromarray(honest[..., 0]).resize((128 // times,) * 2)
        large = np.asarray(small.resize((128, 128), Image.Resampling.BICUBIC))
        detail = look_at(large[..., None]).detail
        assert 0.7 / times < detail < 1.4 / times


def clouds(side, seed=0):
    """Noise with the power 1 / f^2 of photographs, uint8 `(side, side, 1)`."""
    noise = np.random.default_rng(seed).standard_normal((side, side))
    down, right = np.meshgrid(*[np.fft.fftfreq(side)] * 2, indexing="ij")
    waves = np.fft.fft2(noise) / np.maximum(np.hypot(down, right), 1 / side)
    values = np.fft.ifft2(waves).real
    values = (values - values.min()) / np.ptp(values)
    return np.rint(values * 255).astype(np.uint8)[..., None]


def test_looks_survive_being_kept(tmp_path):
    looks = join_looks([look_at(picture(seed=n), image_format="PNG") for n in range(3)])
    np.savez(tmp_path / "looks.npz", **looks.to_arrays())
    with np.load(tmp_path / "looks.npz", allow_pickle=False) as arrays:
        back = Looks.from_arrays(arrays)
    for name, column in looks.to_arrays().items():
        assert np.array_equal(back.to_arrays()[name], column)
    assert back.take([2, 0]).formats == ("PNG", "PNG")
    assert np.array_equal(back.take([2]).thumbnails[0], looks.thumbnails[2])


def test_unequal_columns_are_no_looks():
    arrays = join_looks([look_at(picture())]).to_arrays()
    with pytest.raises(ValueError, match="unequal"):
        Looks.from_arrays({**arrays, "heights": arrays["heights"][:0]})


def test_a_scan_notes_looks_and_keeps_them(stripes_folder, own_home, monkeypatch):
    spec = PreprocessSpec(image_size=(8, 8), channels=1)
    first = scan_pictures(*read_source(stripes_folder), spec)
    assert set(first.looks.formats) == {"PNG"}
    assert set(first.looks.heights) == {16}
    size = (stripes_folder / first.pictures.ids[5]).stat().st_size
    assert first.looks.file_bytes[5] == size
    monkeypatch.setattr("visus.data.opening.decode_image", None)
    second = scan_pictures(*read_source(stripes_folder), spec)
    assert np.array_equal(second.looks.thumbnails, first.looks.thumbnails)


def test_pictures_in_memory_are_looked_at_when_asked(stripes):
    spec = PreprocessSpec(image_size=(16, 16), channels=1)
    scan = scan_pictures(*read_source(stripes), spec)
    assert scan.noted is None
    assert len(scan.looks) == 120
    assert set(scan.looks.formats) == {""}


def test_real_pictures_that_were_enlarged_are_told(shared_data, tmp_path):
    import io
    import zipfile

    def details(archive, every, side=None):
        with zipfile.ZipFile(shared_data / archive) as packed:
            names = [n for n in packed.namelist() if n.lower().endswith(PHOTOS)]
            for name in names[::every]:
                image = Image.open(io.BytesIO(packed.read(name))).convert("RGB")
                if side:
                    image = image.resize((side, side), Image.Resampling.BOX)
                yield look_at(np.asarray(image)).detail

    assert np.percentile(list(details("flowers_128.zip", 60)), 90) < 0.55
    assert np.percentile(list(details("cats_dogs_180.zip", 60)), 10) > 0.6
    honest = list(details("imagenet_samples_200.zip", 5, side=128))
    assert np.percentile(honest, 5) > 0.7
