"""Servers that are measured: started, waited for, and stopped with all below them."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import ROOT, SideFailed

READY_SECONDS = 120.0
STOP_SECONDS = 30.0
LOOK_SECONDS = 0.005


@dataclass(frozen=True)
class Running:
    """A server that is ready.

    Args:
        port: on 127.0.0.1.
        pid: of its first process.
        ready_seconds: from its start to the first time it said that it was ready.
    """

    port: int
    pid: int
    ready_seconds: float


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def running(
    command: Sequence[object],
    port: int,
    ready: str,
    log: Path,
    *,
    folder: Path = ROOT,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """A server, from its start until this block ends.

    Args:
        command: that starts it.
        port: where it will listen.
        ready: the path that answers 200 once it is ready.
        log: takes what it says.
        folder: where it is started.
        environment: variables beside ours.

    Raises:
        SideFailed: it ends, or is not ready in time.
    """
    words = [str(word) for word in command]
    began = time.perf_counter()
    with log.open("wb") as said:
        process = subprocess.Popen(
            words,
            stdout=said,
            stderr=said,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            process_group=0,
        )
    try:
        url = f"http://127.0.0.1:{port}{ready}"
        while not _answers(url):
            late = time.perf_counter() - began > READY_SECONDS
            if late or process.poll() is not None:
                raise SideFailed(f"{words[:3]} is not ready:\n{_last_lines(log)}")
            time.sleep(LOOK_SECONDS)
        yield Running(port, process.pid, time.perf_counter() - began)
    finally:
        _end(process)


def visus_command(bundle: Path, name: str, port: int, log: Path) -> list[object]:
    """`visus serve`, with its own settings throughout."""
    visus = [sys.executable, "-m", "visus.cli.app", "serve"]
    return [*visus, bundle, "--name", name, "--http", port, "--log", log]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _last_lines(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").strip().splitlines()[-15:])


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask it to stop, then end its whole group: some leave workers behind."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
