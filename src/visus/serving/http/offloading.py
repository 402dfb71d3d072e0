"""Large texts are read in a thread, so that others are answered meanwhile."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from visus.serving.http.exchange import Request

# Reading so much JSON takes about two milliseconds.
LARGE = 256 * 2**10

Read = TypeVar("Read")


async def in_thread_if_large(
    read: Callable[..., Read], request: Request, *more: Any
) -> Read:
    """`read(request, *more)`, here or in a thread, by the size of the body."""
    if len(request.body) < LARGE:
        return read(request, *more)
    return await asyncio.to_thread(read, request, *more)
