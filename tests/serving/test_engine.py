"""One engine: arrays and pictures in, scores out, batched or not the same."""

import asyncio

import numpy as np
import pytest

from served import CLASSES, drawn_pixels, write_bundle
from visus.data.encode import encode_png
from visus.serving import Code, Engine, EngineConfig, Refusal, Repository, Wanted
from visus.serving.keeper import Keeper, silent
from visus.serving.sources import NamedFiles

DIGITS = Wanted("digits")


@pytest.fixture
def engine(tmp_path):
    with_config = started(tmp_path, EngineConfig())
    yield next(with_config)
    next(with_config, None)


def started(folder, config):
    """An engine with the model `digits`; ended when the generator goes on."""
    write_bundle(folder / "digits.visus")
    repository = Repository()
    source = NamedFiles([("digits", folder / "digits.visus")])
    keeper = Keeper(source, repository, config, silent)
    keeper.update()
    engine = Engine(repository, config)
    yield engine
    keeper.close()
    engine.close()


def test_arrays_get_the_scores_that_the_bundle_gives(engine):
    pixels = drawn_pixels(5)
    expected = engine.repository.find(DIGITS).bundle.scores(pixels)
    reply = asyncio.run(engine.ask(DIGITS, pixels))
    np.testing.assert_array_equal(reply.scores, expected)
    assert reply.answers == tuple(CLASSES[n] for n in expected.argmax(axis=1))
    assert reply.served.version == 1
    again = engine.ask_from_thread(DIGITS, pixels.astype(np.float64))
    np.testing.assert_array_equal(again.scores, expected)


def test_encoded_pictures_are_decoded_as_everywhere(engine):
    pixels = drawn_pixels(3)
    files = [encode_png(picture) for picture in pixels]
    expected = engine.repository.find(DIGITS).bundle.scores(pixels)
    reply = asyncio.run(engine.ask(DIGITS, files))
    np.testing.assert_allclose(reply.scores, expected, atol=1e-6)
    np.testing.assert_allclose(
        engine.ask_from_thread(DIGITS, files).scores, expected, atol=1e-6
    )
    with pytest.raises(Refusal, match="Picture 1 cannot be read") as refused:
        engine.ask_from_thread(DIGITS, [files[0], b"no picture"])
    assert refused.value.code == Code.INVALID_ARGUMENT
