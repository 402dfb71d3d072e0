"""The server's log: one JSON object a line, so that machines can read it too.

Lines of requests are gathered and written a few times a second: writing each by itself
would cost more than many a network.
"""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from visus.core.errors import MachineError

# More than this is written at once, whatever the time.
MOST_WAITING = 256


class Log:
    """Where lines go; every method may be called from any thread.

    Args:
        stream: takes bytes.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._lines: list[bytes] = []

    @classmethod
    def open(cls, path: Path | None) -> "Log":
        """Append to a file, or write to standard error.

        Raises:
            MachineError: the file cannot be written.
        """
        if path is None:
            return cls(sys.stderr.buffer)
        try:
            return cls(path.open("ab"))
        except OSError as error:
            raise MachineError(
                received=f"The log {path} cannot be written: {error.strerror}.",
                expected="a file that this user may write.",
                remedy="Choose another with --log, or leave it out for standard error.",
            ) from error

    def tell(self, event: str, **facts: Any) -> None:
        """Something that should be seen at once."""
        self.add(event, facts)
        self.flush()

    def add(self, event: str, facts: dict[str, Any]) -> None:
        """A line that may wait for others."""
        told = {"time": round(time.time(), 3), "event": event, **facts}
        try:
            line = orjson.dumps(told, default=str, option=orjson.OPT_APPEND_NEWLINE)
        except TypeError:
            # A name that is no valid text.
            line = json.dumps(told, default=str).encode() + b"\n"
        with self._lock:
            self._lines.append(line)
            full = len(self._lines) >= MOST_WAITING
        if full:
            self.flush()

    def flush(self) -> None:
        """Write what waits. A full disk must not end a server: the lines are lost."""
        with self._lock:
            lines, self._lines = self._lines, []
            try:
                self._stream.write(b"".join(lines))
                self._stream.flush()
            except (OSError, ValueError):
                return
