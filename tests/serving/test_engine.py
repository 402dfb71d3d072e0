"""One engine: arrays and pictures in, scores out, batched or not the same."""

import asyncio
import threading

import numpy as np
import pytest

from served import CLASSES, DIGITS, ask, drawn_pixels, write_bundle
from visus.data.encode import encode_png
from visus.serving import Code, Engine, EngineConfig, Refusal, Repository
from visus.serving.keeper import Keeper, silent
from visus.serving.sources import NamedFiles


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
    reply = ask(engine, pixels)
    np.testing.assert_array_equal(reply.scores, expected)
    assert reply.answers == tuple(CLASSES[n] for n in expected.argmax(axis=1))
    assert reply.served.version == 1
    again = ask(engine, pixels.astype(np.float64))
    np.testing.assert_array_equal(again.scores, expected)


def test_encoded_pictures_are_decoded_as_everywhere(engine):
    pixels = drawn_pixels(3)
    files = [encode_png(picture) for picture in pixels]
    expected = engine.repository.find(DIGITS).bundle.scores(pixels)
    reply = ask(engine, files)
    np.testing.assert_allclose(reply.scores, expected, atol=1e-6)
    np.testing.assert_allclose(ask(engine, files).scores, expected, atol=1e-6)
    with pytest.raises(Refusal, match="Picture 1 cannot be read") as refused:
        ask(engine, [files[0], b"no picture"])
    assert refused.value.code == Code.INVALID_ARGUMENT


def test_parallel_singles_equal_singles_in_fewer_runs(engine):
    pixels = drawn_pixels(64)
    alone = [ask(engine, picture[None]).scores for picture in pixels]
    served = engine.repository.find(DIGITS)
    before = served.statistics.execution_count

    async def ask_all():
        asked = [engine.ask(DIGITS, picture[None]) for picture in pixels]
        return [reply.scores for reply in await asyncio.gather(*asked)]

    together = asyncio.run(ask_all())
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-6)
    assert served.statistics.execution_count - before < 64
    assert served.statistics.inference_count == 128


def test_a_deadline_that_passes_is_504(tmp_path):
    config = EngineConfig(deadline_seconds=30)
    with_config = started(tmp_path, config)
    engine = next(with_config)
    served = engine.repository.find(DIGITS)
    hold = threading.Event()
    run = served.batcher._run
    served.batcher._run = lambda *asked: (hold.wait(60), run(*asked))[1]

    for _ in range(2):
        with pytest.raises(Refusal, match="no answer within 0.05") as refused:
            ask(engine, drawn_pixels(1), deadline_seconds=0.05)
        assert refused.value.code == Code.DEADLINE_EXCEEDED
        assert refused.value.status == 504
    hold.set()
    assert len(ask(engine, drawn_pixels(1)).scores) == 1
    assert served.statistics.fail.count == 2
    next(with_config, None)


def test_what_does_not_fit_is_refused(engine):
    for inputs, words in (
        (drawn_pixels(2)[0], "Images of shape"),
        (drawn_pixels(1)[:0], "No picture in the batch"),
        ([], "No picture"),
        (np.full((1, 8, 8, 1), "a"), "Values of type"),
        (np.full((1, 8, 8, 1), np.nan), "Values from nan"),
        (np.full((1, 8, 8, 1), 300), "to 300"),
        (np.full((1, 8, 8, 1), 0.5), "Fractions only"),
    ):
        with pytest.raises(Refusal, match=words):
            ask(engine, inputs)


def test_unit_takes_fractions(tmp_path):
    with_config = started(tmp_path, EngineConfig(input="unit"))
    engine = next(with_config)
    pixels = drawn_pixels(4)
    expected = engine.repository.find(DIGITS).bundle.scores(pixels)
    reply = ask(engine, (pixels / 255).astype(np.float32))
    np.testing.assert_allclose(reply.scores, expected, atol=1e-6)
    with pytest.raises(Refusal, match="Values from .* to 255"):
        ask(engine, np.full((1, 8, 8, 1), 255))
    next(with_config, None)


def test_more_pictures_than_a_request_may_have(tmp_path):
    with_config = started(tmp_path, EngineConfig(max_pictures=2))
    engine = next(with_config)
    for inputs in (drawn_pixels(3), [b"x"] * 3):
        with pytest.raises(Refusal, match="3 pictures in one request"):
            ask(engine, inputs)
    next(with_config, None)
