"""Pictures opened in processes beside this one, which share no lock with it.

A small picture takes Python's lock ten times for half a millisecond of work, so two
threads open no more of them than one. A process beside costs a fifth of a second of a
core to start, and is started where there are many pictures; until it is ready, its
thread opens pictures itself. It gets its orders as an argument, pieces of work as lines
of JSON, and answers with a line of JSON and the pixels. Nothing it says is executed,
and it imports nothing of the person's.
"""

import fcntl
import io
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from visus.core.cores import available_cores
from visus.data.ahead import Stopped
from visus.data.decode import DecodeFailure, DecodeLimits
from visus.data.ledger import Quarantined
from visus.data.locations import ArchiveMember, Location
from visus.data.looks import THUMBNAIL_SIDE, Look
from visus.data.opening import Opened, let_freed_memory_stay, open_location, open_record
from visus.data.preprocess import PreprocessSpec
from visus.data.records import ImageRecord

Results = list[Opened | Quarantined]
OpenAll = Callable[[Sequence[ImageRecord], Stopped], Results]

# Fewer pictures are opened before a process pays for its start.
PICTURES_A_PROCESS = 1_500
# How soon after Ctrl-C a thread no longer waits for its process.
LOOK_MILLISECONDS = 50
_READY = b"ready\n"
# What a pipe holds at most without special rights; by default it is a sixteenth.
_PIPE_BYTES = 2**20
# Not `-m`: the process must find this package where its parent found it.
_PROGRAM = (
    "import json, sys; orders = json.loads(sys.argv[1]); sys.path[:] = orders['path']; "
    "from visus.data.beside import answer; answer(orders)"
)
# It has one thread.
_FEW_THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
# What is told of a look in words; its thumbnail follows the pixels.
_SAID = tuple(field.name for field in fields(Look) if field.name != "thumbnail")


@contextmanager
def opener(
    records: Sequence[ImageRecord], spec: PreprocessSpec, *, measured: bool
) -> Iterator[OpenAll]:
    """What opens pieces of these records, called by one thread a core.

    Args:
        records: all that there are.
        spec: how they are prepared.
        measured: as in `open_record`.
    """
    count = min(available_cores() - 1, len(records) // PICTURES_A_PROCESS)
    if any(record.location is None for record in records):
        count = 0
    free: SimpleQueue[_Beside | None] = SimpleQueue()

    def open_all(piece: Sequence[ImageRecord], stopped: Stopped) -> Results:
        beside = free.get()
        try:
            if beside is not None and beside.is_ready():
                return beside.open_all(piece, stopped)
        finally:
            free.put(beside)
        return [
            open_record(record, spec, measured=measured)
            for record in piece
            if not stopped()
        ]

    with ExitStack() as started:
        for number in range(available_cores()):
            beside = _Beside.started(spec, measured) if number < count else None
            if beside is not None:
                started.callback(beside.end)
            free.put(beside)
        yield open_all


class _Beside:
    """A process that opens pictures, seen from here; one thread at a time uses it."""

    def __init__(
        self, process: subprocess.Popen[bytes], spec: PreprocessSpec, measured: bool
    ) -> None:
        self._process = process
        self._spec = spec
        self._measured = measured
        self._ready = self._ended = False
        self._poll = select.poll()
        if process.stdin is None or process.stdout is None:
            raise ValueError("a process beside needs pipes")
        self._tells = process.stdin
        self._says = cast(io.BufferedReader, process.stdout)
        self._poll.register(self._says, select.POLLIN)
        _widen(self._says)

    @classmethod
    def started(cls, spec: PreprocessSpec, measured: bool) -> "_Beside | None":
        """A new one; `None` where none can be started, which only costs time."""
        orders = {"spec": spec.model_dump(mode="json"), "measured": measured}
        words = json.dumps({**orders, "path": sys.path})
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM, words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **_FEW_THREADS},
                # Ctrl-C is for this process, which then ends that one.
                process_group=0,
            )
        except OSError:
            return None
        return cls(process, spec, measured)

    def is_ready(self) -> bool:
        """Whether it has begun to wait for work; it never waits for that."""
        if not self._ready and not self._ended and self._poll.poll(0):
            self._ready = self._says.readline() == _READY
            self._ended = not self._ready
        return self._ready and not self._ended

    def open_all(self, piece: Sequence[ImageRecord], stopped: Stopped) -> Results:
        """What it makes of a piece; of less when everything is `stopped`."""
        try:
            self._tell([_location_words(record.location) for record in piece])
            while not self._poll.poll(LOOK_MILLISECONDS):
                if stopped():
                    self._ended = True  # Its answer would be taken for the next one.
                    return []
            return self._answer(piece)
        except (EOFError, OSError, ValueError, KeyError, TypeError):
            # It is gone, or says what is no answer.
            self._ended = True
        # One of these pictures may have crashed it, or the system ended it. Each is
        # opened by a process of its own now: that takes long and spares this one.
        safely = DecodeLimits(always_apart=True)
        return [
            open_record(record, self._spec, measured=self._measured, limits=safely)
            for record in piece
            if not stopped()
        ]

    def end(self) -> None:
        """End it now, whatever it does."""
        # With what it has started to decode apart.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._says.close()
        try:
            self._tells.close()
        except OSError:
            return  # What was not told any more.

    def _tell(self, words: Any) -> None:
        self._tells.write(json.dumps(words).encode() + b"\n")
        self._tells.flush()

    def _answer(self, piece: Sequence[ImageRecord]) -> Results:
        line = self._says.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        words = json.loads(line)
        count = sum("verdict" not in found for found in words)
        rows = iter(self._read((count, *self._spec.input_shape)))
        thumbnails = iter(self._read((count, THUMBNAIL_SIDE, THUMBNAIL_SIDE)))
        return [
            Quarantined(record.id, found["verdict"], found["reason"])
            if "verdict" in found
            else _opened(found, next(rows), next(thumbnails))
            for record, found in zip(piece, words, strict=True)
        ]

    def _read(self, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        array = np.empty(shape, dtype=np.uint8)
        rest = array.reshape(-1).data
        while len(rest):
            count = self._says.readinto(rest)
            if not count:
                raise EOFError
            rest = rest[count:]
        return array


def answer(orders: dict[str, Any]) -> None:
    """The other side: open what comes in, and write out what became of it."""
    spec = PreprocessSpec(**orders["spec"])
    let_freed_memory_stay()
    # Libraries that print must not speak in between.
    says = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _widen(says)
    says.write(_READY)
    says.flush()
    # Ends with its parent, however that dies: then there is no more to read.
    for line in sys.stdin.buffer:
        words, pixels, thumbnails = [], [], []
        for location in map(_location, json.loads(line)):
            try:
                opened = open_location(location, spec, measured=orders["measured"])
            except DecodeFailure as failure:
                words.append({"verdict": failure.verdict, "reason": failure.reason})
                continue
            if opened.pixels is not None and opened.look is not None:
                words.append(_opened_words(opened.digest, opened.look))
                pixels.append(opened.pixels)
                thumbnails.append(opened.look.thumbnail)
        says.write(json.dumps(words).encode() + b"\n")
        for array in (*pixels, *thumbnails):
            says.write(np.ascontiguousarray(array).data)
        says.flush()


def _opened_words(digest: str, look: Look) -> dict[str, Any]:
    said = {name: getattr(look, name) for name in _SAID}
    return {"digest": digest, "look": said}


def _opened(
    words: dict[str, Any], pixels: NDArray[np.uint8], thumbnail: NDArray[np.uint8]
) -> Opened:
    look = words["look"]
    notes = tuple(look.pop("notes"))
    return Opened(
        words["digest"], pixels, Look(**look, notes=notes, thumbnail=thumbnail)
    )


def _location_words(location: Location | None) -> dict[str, Any]:
    # As JSON has them, names that are no UTF-8 too.
    if not isinstance(location, ArchiveMember):
        return {"path": str(location)}
    expanded = location.expanded and str(location.expanded)
    return {
        **{field.name: getattr(location, field.name) for field in fields(location)},
        "archive": str(location.archive),
        "expanded": expanded,
    }


def _location(words: dict[str, Any]) -> Location:
    if "path" in words:
        return Path(words["path"])
    expanded = words["expanded"] and Path(words["expanded"])
    return ArchiveMember(
        **{**words, "archive": Path(words["archive"]), "expanded": expanded}
    )


def _widen(pipe: IO[bytes]) -> None:
    """Let a pipe hold more, so that its two ends wait for one another less often."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        try:
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        except OSError:
            return  # The person has too many pipes already: it works all the same.
