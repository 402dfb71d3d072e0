"""Decoding in a process apart, which can be ended; a thread cannot.

Used for few pictures: starting the process costs about a third of a second. It gets the
bytes on its standard input and its orders as an argument, and answers with one line of
JSON and the pixels. Nothing it says is executed.
"""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from typing import Any

import numpy as np

from visus.data.decode.limits import DecodeFailure, DecodeLimits
from visus.data.decode.picture import Picture
from visus.data.decode.pixels import Decoded, decode_here

# Not `-m`: the child must find this package where its parent found it.
_PROGRAM = (
    "import json, sys; orders = json.loads(sys.argv[1]); sys.path[:] = orders['path']; "
    "from visus.data.decode.apart import answer; answer(orders)"
)
# Computing is what is counted; a busy machine may take this much longer.
_PATIENCE = 10
# Threads of number libraries reserve memory that no picture needs.
_FEW_THREADS = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}


def decode_apart(
    content: bytes, limits: DecodeLimits, at_least: tuple[int, int] | None
) -> Decoded:
    """Decode in a new process that ends at its limits of time and memory.

    Raises:
        DecodeFailure: as `decode_image`; "too_large" at a limit, and "corrupt" when the
            codec crashed.
    """
    orders = {"limits": asdict(limits), "at_least": at_least, "path": sys.path}
    command = [sys.executable, "-P", "-c", _PROGRAM, json.dumps(orders)]
    try:
        done = subprocess.run(
            command,
            input=content,
            capture_output=True,
            env={**os.environ, **_FEW_THREADS},
            timeout=limits.max_seconds * _PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _too_slow(limits) from error
    except OSError as error:
        reason = f"No process could be started to decode it safely: {error.strerror}."
        raise DecodeFailure("unreadable", reason) from error
    if done.returncode:
        raise _ended(done.returncode, limits)
    return _decoded(done.stdout)


def answer(orders: dict[str, Any]) -> None:
    """The other side: decode what comes in, within the limits, and write it out."""
    limits = DecodeLimits(**orders["limits"])
    _limit_this_process(limits)
    at_least = tuple(orders["at_least"]) if orders["at_least"] else None
    try:
        decoded = decode_here(sys.stdin.buffer.read(), limits, at_least)
    except DecodeFailure as failure:
        _write({"verdict": failure.verdict, "reason": failure.reason})
        return
    words = {"format": decoded.format, "size": decoded.size, "notes": decoded.notes}
    _write({**words, "shape": decoded.pixels.shape}, decoded.pixels.tobytes())


def _write(words: dict[str, Any], pixels: bytes = b"") -> None:
    sys.stdout.buffer.write(json.dumps(words).encode() + b"\n" + pixels)
    sys.stdout.buffer.flush()


def _decoded(reply: bytes) -> Decoded:
    line, _, pixels = reply.partition(b"\n")
    words = json.loads(line)
    if "verdict" in words:
        raise DecodeFailure(words["verdict"], words["reason"])
    height, width = words["size"]
    return Decoded(
        Picture(np.frombuffer(bytearray(pixels), np.uint8).reshape(words["shape"])),
        words["format"],
        (height, width),
        tuple(words["notes"]),
    )


def _limit_this_process(limits: DecodeLimits) -> None:
    import resource

    seconds, memory = limits.max_seconds, limits.max_memory_bytes
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _ended(code: int, limits: DecodeLimits) -> DecodeFailure:
    if code == -signal.SIGXCPU:
        return _too_slow(limits)
    # Killed by the system, or Python itself found no room for its next step.
    if code > 0 or code == -signal.SIGKILL:
        megabytes = limits.max_memory_bytes // 2**20
        reason = f"It needs more than {megabytes:,} MB to be decoded."
        return DecodeFailure("too_large", reason)
    return DecodeFailure("corrupt", "Its data make the decoder crash.")


def _too_slow(limits: DecodeLimits) -> DecodeFailure:
    reason = f"It takes more than {limits.max_seconds} seconds to be decoded."
    return DecodeFailure("too_large", reason)
