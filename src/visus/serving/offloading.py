"""Large messages are read in a thread, so that others are answered meanwhile."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

# Reading so much JSON takes about two milliseconds.
LARGE = 256 * 2**10

Read = TypeVar("Read")


async def in_thread_if_large(size: int, read: Callable[..., Read], *words: Any) -> Read:
    """`read(*words)`, here or in a thread, by how many bytes it is about."""
    if size < LARGE:
        return read(*words)
    return await asyncio.to_thread(read, *words)
