"""Runs that are shared: same scores, fewer runs, bounded queues, deadlines."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from served import drawn_pixels
from visus.bundles.judged import Judged
from visus.serving import Code, EngineConfig, Refusal
from visus.serving.batching import Batcher
from visus.serving.statistics import Statistics
from visus.serving.work import Work


class Network:
    """Adds up each picture; waits where it is told to, and counts its runs."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.began = threading.Semaphore(0)
        self.sizes: list[int] = []
        self.judged: list[int] = []

    def __call__(self, pixels, judging=False):
        self.began.release()
        assert self.gate.wait(60)
        self.sizes.append(len(pixels))
        if (pixels == 255).all():
            raise MemoryError("no room")
        self.judged += [len(pixels)] if judging else []
        return sums(pixels), judged_by(sums(pixels)) if judging else None


def sums(pixels):
    """The score `(batch, 1)` of each picture."""
    return pixels.reshape(len(pixels), -1).sum(axis=1, dtype=np.float32)[:, None]


def judged_by(scores):
    """Something else for each of them."""
    return Judged(scores > 8000, scores[:, 0] / 2, scores[:, 0] > 9000)


@pytest.fixture
def network():
    return Network()


@pytest.fixture(scope="module", autouse=True)
def loop():
    """Of those who wait: a thread that has nothing else to do."""
    made = asyncio.new_event_loop()
    thread = threading.Thread(target=made.run_forever)
    thread.start()
    put.loop = made
    yield made
    made.call_soon_threadsafe(made.stop)
    thread.join()
    made.close()


def batcher_of(network, workers=1, **choices):
    return Batcher("test", network, workers, EngineConfig(**choices), Statistics())


def put(batcher, pixels, **choices):
    """Queue a request of somebody who waits in the loop; `waited` tells its end."""
    work = Work(pixels, 1, put.loop, **choices)
    batcher.put(work)
    return work


def waited(work):
    async def wait():
        await asyncio.wait_for(work.future, 60)

    asyncio.run_coroutine_threadsafe(wait(), work.loop).result(60)


def test_what_waits_together_runs_together_and_answers_as_alone(network):
    batcher = batcher_of(network, max_batch=8)
    pictures = drawn_pixels(21)
    network.gate.clear()
    first = put(batcher, pictures[:1])
    assert network.began.acquire(timeout=60)
    rest = [put(batcher, pictures[row : row + 1]) for row in range(1, 21)]
    assert batcher.waiting == 20
    network.gate.set()
    for work in (first, *rest):
        waited(work)
    assert network.sizes == [1, 8, 8, 4]
    scores = np.concatenate([work.scores for work in (first, *rest)])
    np.testing.assert_array_equal(scores, sums(pictures))
    batcher.close()


def test_a_large_request_is_cut_and_put_together_again(network):
    batcher = batcher_of(network, workers=2, max_batch=8)
    pictures = drawn_pixels(50)
    work = put(batcher, pictures)
    waited(work)
    assert sum(network.sizes) == 50 and max(network.sizes) <= 8
    np.testing.assert_array_equal(work.scores, sums(pictures))
    batcher.close()


def test_who_asks_what_can_be_said_is_told_that_of_their_own_pictures(network):
    batcher = batcher_of(network, max_batch=8)
    pictures = drawn_pixels(21)
    network.gate.clear()
    put(batcher, pictures[:1])
    assert network.began.acquire(timeout=60)
    plain = [put(batcher, pictures[row : row + 1]) for row in range(1, 9)]
    mixed = put(batcher, pictures[9:12])
    asked = put(batcher, pictures[12:], judging=True)
    network.gate.set()
    for work in (*plain, mixed, asked):
        waited(work)
    # Nine pictures are two pieces; only runs that hold one of them were judged.
    assert network.sizes == [1, 8, 3, 8, 1]
    assert network.judged == [8, 1]
    assert mixed.judged is None and plain[0].judged is None
    expected = judged_by(sums(pictures[12:]))
    for name in ("sets", "typicality", "unknown"):
        found = getattr(asked.judged, name)
        np.testing.assert_array_equal(found, getattr(expected, name))
    batcher.close()


def test_a_run_waits_for_company_where_it_is_told_to(network):
    batcher = batcher_of(network, max_batch=4, max_delay_seconds=1)
    works = [put(batcher, drawn_pixels(1)) for _ in range(4)]
    for work in works:
        waited(work)
    assert network.sizes == [4]
    batcher.close()


def test_what_does_not_fit_in_a_run_that_waits_for_company_has_the_next(network):
    batcher = batcher_of(network, max_batch=32, max_delay_seconds=0.2)
    works = [put(batcher, drawn_pixels(20)) for _ in range(2)]
    for work in works:
        waited(work)
    assert network.sizes == [20, 20]
    batcher.close()


def test_a_full_queue_refuses_at_once_and_says_when_to_come_again(network):
    batcher = batcher_of(network, max_batch=4, max_queue=10)
    network.gate.clear()
    begun = put(batcher, drawn_pixels(1))
    assert network.began.acquire(timeout=60)
    waiting = put(batcher, drawn_pixels(8))
    with pytest.raises(Refusal, match="8 pictures wait already") as refused:
        put(batcher, drawn_pixels(3))
    assert refused.value.code == Code.UNAVAILABLE
    assert refused.value.status == 503
    assert refused.value.retry_after_seconds == 1
    more = put(batcher, drawn_pixels(2))
    network.gate.set()
    for work in (begun, waiting, more):
        waited(work)
    # Alone in the queue, a request may be larger than it.
    waited(put(batcher, drawn_pixels(11)))
    batcher.close()


def test_whoever_gave_up_costs_no_run(network):
    batcher = batcher_of(network)
    network.gate.clear()
    begun = put(batcher, drawn_pixels(1))
    assert network.began.acquire(timeout=60)
    gone, stays = put(batcher, drawn_pixels(5)), put(batcher, drawn_pixels(2))
    gone.give_up()
    network.gate.set()
    waited(stays)
    waited(begun)
    assert network.sizes == [1, 2]
    batcher.close()
    assert not gone.future.done()


def test_a_run_that_fails_tells_its_requests_and_nobody_else(network):
    batcher = batcher_of(network, max_batch=1)
    white = put(batcher, np.full((1, 8, 8, 1), 255, np.uint8))
    good = put(batcher, drawn_pixels(1))
    with pytest.raises(Refusal, match="MemoryError") as failed:
        waited(white)
    assert failed.value.code == Code.INTERNAL
    waited(good)
    batcher.close()


def test_closing_answers_what_waits_and_takes_nothing_new(network):
    batcher = batcher_of(network, workers=2, max_batch=2)
    works = [put(batcher, drawn_pixels(3)) for _ in range(10)]
    batcher.close()
    for work in works:
        waited(work)
    with pytest.raises(Refusal, match="being dropped"):
        put(batcher, drawn_pixels(1))


def test_coroutines_of_several_loops_share_runs(network):
    batcher = batcher_of(network, max_batch=16)
    pictures = drawn_pixels(12)

    async def ask(row):
        work = Work(pictures[row : row + 1], 1, asyncio.get_running_loop())
        batcher.put(work)
        await work.future
        return work.scores[0, 0]

    async def ask_all(rows):
        return await asyncio.gather(*map(ask, rows))

    with ThreadPoolExecutor(2) as pool:
        halves = [range(0, 12, 2), range(1, 12, 2)]
        even, odd = pool.map(lambda rows: asyncio.run(ask_all(rows)), halves)
    expected = sums(pictures)[:, 0]
    np.testing.assert_array_equal(even, expected[::2])
    np.testing.assert_array_equal(odd, expected[1::2])
    batcher.close()
