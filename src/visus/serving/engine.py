"""Engine: one call from a request's pictures to its scores, whatever the protocol.

Requests of all protocols meet in the same queues, so they share runs. None blocks the
event loop: the network runs in threads of its own, outside Python's lock.
"""

import asyncio
import concurrent.futures
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles.judged import Judged
from visus.data.records import Target
from visus.serving.config import EngineConfig
from visus.serving.decoding import Decoders, stacked
from visus.serving.offloading import in_thread_if_large
from visus.serving.refusals import Refusal, invalid, too_late
from visus.serving.repository import Repository
from visus.serving.served import Served
from visus.serving.versions import Wanted
from visus.serving.work import Pixels, Scores, Work

# A batch of images `(batch, height, width, channels)`, or encoded pictures.
Inputs = NDArray[Any] | Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request.

    Args:
        served: the version that gave it.
        scores: float32 `(batch, outputs)`, as `served.task` means them.
        judged: what can be said of each picture; `None`: not asked for, or not known.
        queue_seconds: from the queue to the last run.
        compute_seconds: of the runs.
    """

    served: Served
    scores: Scores
    judged: Judged | None
    queue_seconds: float
    compute_seconds: float

    @property
    def class_names(self) -> tuple[str, ...]:
        """In the order of the scores."""
        return self.served.class_names

    @property
    def answers(self) -> tuple[Target, ...]:
        """`(batch,)`: a class each; for other tasks tuples of labels, or numbers."""
        return self.served.task.answers(self.scores)


class Engine:
    """Answers for the models of a repository.

    Args:
        repository: where models are found.
        config: deadlines, decoders and limits.

    Example:
        >>> reply = await engine.ask(Wanted("digits"), pixels)     # doctest: +SKIP
        >>> reply.scores.shape, reply.answers[0]                   # doctest: +SKIP
        ((32, 10), '7')
    """

    def __init__(self, repository: Repository, config: EngineConfig) -> None:
        self.repository = repository
        self.config = config
        self.decoders = Decoders(config)

    async def ask(
        self,
        wanted: Wanted,
        inputs: Inputs,
        deadline_seconds: float | None = None,
        *,
        judging: bool = False,
    ) -> Reply:
        """Answer from a coroutine.

        Args:
            wanted: the model.
            inputs: images `(batch, height, width, channels)` of any numeric type, or
                encoded pictures of any size.
            deadline_seconds: the longest wait; `None`: the server's.
            judging: whether to tell what can be said of each picture, too.

        Raises:
            Refusal: the model is not there, the input does not fit, the queue is full,
                or the deadline passed.
        """
        seconds = self._deadline(deadline_seconds)
        began = time.monotonic()
        with self.repository.using(wanted) as served:
            try:
                async with asyncio.timeout(seconds):
                    work = await self._run(served, inputs, judging)
            except TimeoutError as error:
                served.statistics.refused(time.monotonic() - began)
                raise too_late(seconds) from error
            except Refusal:
                served.statistics.refused(time.monotonic() - began)
                raise
            return _reply(served, work, began)

    def close(self) -> None:
        """End the decoders; the repository's models are its keeper's to close."""
        self.decoders.close()

    async def _run(self, served: Served, inputs: Inputs, judging: bool) -> Work:
        if isinstance(inputs, np.ndarray):
            self.require_room(served, len(inputs) if inputs.ndim else 1)
            # Floats of a large batch are looked at and rounded for many milliseconds.
            pixels = await in_thread_if_large(inputs.nbytes, served.pixels, inputs)
        else:
            pixels = await self.decoded(served, inputs)
        loop = asyncio.get_running_loop()
        work = Work(pixels, served.outputs, loop, judging=judging)
        served.batcher.put(work)
        try:
            await work.future
        finally:
            work.give_up()
        return work

    async def decoded(self, served: Served, contents: Sequence[bytes]) -> Pixels:
        """Encoded pictures as a version takes them, in the decoders' threads.

        Raises:
            Refusal: there are none, too many, or one that cannot be read.
        """
        if not contents:
            raise invalid("No picture.", "one or more.", "Send a picture.")
        self.require_room(served, len(contents))
        started = self.decoders.start(contents, served.spec)
        try:
            return stacked([await asyncio.wrap_future(future) for future in started])
        finally:
            _cancel(started)

    def require_room(self, served: Served, count: int) -> None:
        """Refuse more pictures than one request may have, before they take memory.

        Raises:
            Refusal: there are too many, or too many of this model's size.
        """
        each = math.prod(served.spec.input_shape)
        fitting = max(1, self.config.max_pixel_bytes // each)
        most = min(self.config.max_pictures, fitting)
        if count > most:
            raise invalid(
                f"{count} pictures in one request.",
                f"at most {most}.",
                "Send them in several requests.",
            )

    def _deadline(self, asked: float | None) -> float:
        own = self.config.deadline_seconds
        return own if asked is None else min(own, max(0.0, asked))


def _cancel(started: "Sequence[concurrent.futures.Future[Pixels]]") -> None:
    for future in started:
        future.cancel()


def _reply(served: Served, work: Work, began: float) -> Reply:
    served.statistics.answered(
        time.monotonic() - began, work.queue_seconds, work.compute_seconds
    )
    return Reply(
        served, work.scores, work.judged, work.queue_seconds, work.compute_seconds
    )
