"""The course's deployment: MobileNetV2 at 96 by 96, trained, served, and called.

It is called as the course calls TensorFlow Serving: pictures of 28 by 28 are enlarged
to 96 by 96 by 3 by the client and sent as `{"images": ...}` of the signature
"prediction".
"""

import numpy as np
import pytest

import visus
from serving.conftest import running
from visus.data.preprocess import PreprocessSpec, prepare_pixels
from visus.serving.sources import NamedFiles

NETWORK = """
import keras

def build(input_shape, num_classes):
    return keras.applications.MobileNetV2(
        input_shape=input_shape, weights=None, classes=num_classes, alpha=0.35
    )
"""
SETTINGS = {
    "data": {"image_size": [96, 96], "color": "rgb"},
    "training": {"epochs": 1, "batch_size": 16, "preflight": False},
}
ENLARGED = PreprocessSpec(image_size=(96, 96), channels=3)


def drawn_garments(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Bright blocks, upright or lying, 28 by 28, where Fashion-MNIST is absent."""
    draws = np.random.default_rng(0)
    pictures = draws.integers(0, 60, (count, 28, 28), np.uint8)
    for row in range(count):
        if row % 2:
            pictures[row, 4:24, 10:18] += 150
        else:
            pictures[row, 10:18, 4:24] += 150
    return pictures, np.array(["bag", "dress"])[np.arange(count) % 2]


def pictures_of(name: str, request: pytest.FixtureRequest):
    if name == "drawn":
        return drawn_garments(60), drawn_garments(60)[0][:3]
    folder = request.getfixturevalue("shared_data")
    from zipfile import ZipFile

    from visus.data.decode import decode_image

    with ZipFile(folder / "fashion_mnist_900.zip") as archive:
        names = [n for n in archive.namelist() if n.endswith(".png")][:3]
        shown = [decode_image(archive.read(n)).pixels[..., 0] for n in names]
    return folder / "fashion_mnist_900.zip", np.stack(shown)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["drawn", "fashion"])
def test_the_course_deploys_its_model(name, tmp_path, monkeypatch, request):
    source, shown = pictures_of(name, request)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mobile.py").write_text(NETWORK)
    run = visus.train(source, "mobile.py", settings=SETTINGS)
    pixels = np.stack([prepare_pixels(p[..., None], ENLARGED) for p in shown])
    expected = run.bundle.scores(pixels)
    rows = [{"images": image} for image in pixels.tolist()]
    body = {"signature_name": "prediction", "instances": rows}
    path = "/v1/models/garments/versions/1"
    with running(NamedFiles([("garments", run.bundle.path)])) as server:
        answer = server.post(f"{path}:predict", body)
        assert answer.status == 200, answer.body
        np.testing.assert_allclose(answer.json["predictions"], expected, atol=1e-5)
        told = server.get(f"{path}/metadata").json["metadata"]["signature_def"]
        signature = told["signature_def"]["prediction"]
        sizes = [
            d["size"] for d in signature["inputs"]["images"]["tensor_shape"]["dim"]
        ]
        assert sizes == ["-1", "96", "96", "3"]
        # The course divides by 255 first; that must not be answered silently wrong.
        unit = {**body, "instances": [{"images": (pixels[0] / 255).tolist()}]}
        refused = server.post(f"{path}:predict", unit)
        assert refused.status == 400 and "--input unit" in refused.json["error"]
    engine = {"input": "unit"}
    with running(NamedFiles([("garments", run.bundle.path)]), engine=engine) as server:
        answer = server.post(f"{path}:predict", unit)
        np.testing.assert_allclose(answer.json["predictions"], expected[:1], atol=1e-5)
