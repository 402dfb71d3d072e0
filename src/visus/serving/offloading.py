"""Large messages are read and written in a thread: others are answered meanwhile."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

# Reading so much JSON takes about two milliseconds.
LARGE = 256 * 2**10
# Writing a number takes as long as reading so many bytes: by C code from an array, and
# by Python, one by one, with a name.
NUMBER, NAMED_NUMBER = 12, 512

Made = TypeVar("Made")


async def in_thread_if_large(size: int, make: Callable[..., Made], *words: Any) -> Made:
    """`make(*words)`, here or in a thread, by how many bytes it reads or writes."""
    if size < LARGE:
        return make(*words)
    return await asyncio.to_thread(make, *words)
