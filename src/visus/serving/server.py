"""Server: its doors, its models, and a quiet end.

Doors open first and say "not ready" until every model was tried once. The first signal
closes the doors and lets what has begun end; the second ends everything.
"""

import asyncio
import signal
from collections.abc import Callable, Sequence

from threadpoolctl import threadpool_limits

from visus.serving.log import Log
from visus.serving.service import Listener, Service

FLUSH_SECONDS = 0.25
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Server:
    """One process that serves.

    Args:
        service: the models.
        listeners: the doors.
        poll_seconds: how often new versions are looked for; `None`: never.
        drain_seconds: how long requests may take once it is to stop.
    """

    def __init__(
        self,
        service: Service,
        listeners: Sequence[Listener],
        poll_seconds: float | None,
        drain_seconds: float,
    ) -> None:
        self._service = service
        self._listeners = listeners
        self._poll_seconds = poll_seconds
        self._drain_seconds = drain_seconds
        self._stop = asyncio.Event()
        self._forced = asyncio.Event()
        self._whole = False

    async def run(self, when_ready: Callable[[], None]) -> bool:
        """Serve until a signal comes.

        Args:
            when_ready: is called once all models were tried; what it raises ends the
                server.

        Returns:
            whether everything that had begun was answered. If not, threads of this
            process still work, and only its end ends them.
        """
        # A run has a core to itself. Threads within NumPy's products, which judge its
        # answers, would wait for the next one at the cost of that core: a fifth of it.
        with threadpool_limits(1, user_api="blas"):
            return await self._run(when_ready)

    async def _run(self, when_ready: Callable[[], None]) -> bool:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._hear)
        flushing = asyncio.create_task(_flush_regularly(self._service.log))
        try:
            for listener in self._listeners:
                await listener.start()
            await self._serve(when_ready)
        finally:
            await self._end()
            flushing.cancel()
            for number in _SIGNALS:
                loop.remove_signal_handler(number)
            self._service.log.flush()
        return self._whole

    async def _serve(self, when_ready: Callable[[], None]) -> None:
        loading = asyncio.ensure_future(asyncio.to_thread(self._service.keeper.update))
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait([loading, stopped], return_when=asyncio.FIRST_COMPLETED)
        if not self._stop.is_set():
            await loading
            when_ready()
            if self._poll_seconds is not None:
                self._service.keeper.watch(self._poll_seconds)
            await stopped

    async def _end(self) -> None:
        """Close the doors, then the models; a second signal cuts it short."""
        self._service.repository.unsettle()
        self._service.log.tell("stopping", patience_seconds=self._drain_seconds)
        closing = asyncio.create_task(self._close())
        forced = asyncio.create_task(self._forced.wait())
        await asyncio.wait([closing, forced], return_when=asyncio.FIRST_COMPLETED)
        forced.cancel()
        if not closing.done():
            closing.cancel()
            return
        closing.result()
        self._whole = True
        self._service.log.tell("stopped")

    async def _close(self) -> None:
        stops = (listener.stop(self._drain_seconds) for listener in self._listeners)
        await asyncio.gather(*stops)
        await asyncio.to_thread(self._service.keeper.close)
        await asyncio.to_thread(self._service.engine.close)

    def _hear(self) -> None:
        if self._stop.is_set():
            self._forced.set()
        self._stop.set()


async def _flush_regularly(log: Log) -> None:
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        log.flush()
