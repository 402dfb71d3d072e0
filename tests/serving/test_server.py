"""The process that serves, with nothing behind its doors."""

import asyncio
import os
import signal
from types import SimpleNamespace

from threadpoolctl import ThreadpoolController

from visus.serving.server import Server


def blas_threads() -> list[int]:
    """Of every library of matrix products in this process."""
    blas = ThreadpoolController().select(user_api="blas")
    return [library["num_threads"] for library in blas.info()]


def nothing(*words, **more) -> None:
    """Stands for what does not matter here."""


def test_products_have_one_thread_while_it_serves_and_as_many_as_before_after():
    service = SimpleNamespace(
        log=SimpleNamespace(tell=nothing, flush=nothing),
        keeper=SimpleNamespace(update=nothing, close=nothing),
        repository=SimpleNamespace(unsettle=nothing),
        engine=SimpleNamespace(close=nothing),
    )
    before, during = blas_threads(), []

    def ready() -> None:
        during.extend(blas_threads())
        os.kill(os.getpid(), signal.SIGTERM)

    async def serve() -> bool:
        return await Server(service, (), None, 1.0).run(ready)

    assert asyncio.run(serve())
    assert set(during) == {1}
    assert blas_threads() == before
