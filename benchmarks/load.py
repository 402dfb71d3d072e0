"""A load generator: so many keep-alive connections that ask and ask again.

It knows nothing of what it sends: a file holds whole HTTP requests, and each connection
sends the next as soon as its last one is answered. One thread waits with epoll, so that
a request costs it little of the two cores that the server needs. It reads the server's
processor seconds itself, at the very moments between which it counts, so that neither
its own nor those of the start are counted.

    python -m benchmarks.load --port 8501 --requests FILE --server-pid PID

Its last line is a JSON object, as of every side (`benchmarks.measure`).
"""

import argparse
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT, Measurement, SideFailed, tell_measurement

TIMEOUT_SECONDS = 60.0
_LENGTH = struct.Struct("<Q")
_TICKS = os.sysconf("SC_CLK_TCK")


class BadAnswer(RuntimeError):
    """The server answered in a way that makes the measurement worthless."""


def write_requests(path: Path, requests: Iterable[bytes]) -> Path:
    """Whole HTTP requests, each after its length, for `--requests`."""
    with path.open("wb") as file:
        for request in requests:
            file.write(_LENGTH.pack(len(request)) + request)
    return path


def http_post(target: str, body: bytes, **headers: str) -> bytes:
    """An HTTP request as bytes; `content_type="..."` gives a `content-type` header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"POST {target} HTTP/1.1", "host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in named.items()]
    lines += [f"content-length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def generate_load(
    port: int, requests: Path, *, server_pid: int, connections: int, seconds: float
) -> Measurement:
    """One measurement by a process of its own; see `main` for what it holds."""
    command = [sys.executable, "-m", "benchmarks.load", "--port", str(port)]
    command += ["--requests", str(requests), "--server-pid", str(server_pid)]
    command += ["--connections", str(connections), "--seconds", str(seconds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SideFailed("the load generator ended:\n" + done.stderr[-2000:])
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def processor_seconds(pid: int) -> float:
    """User and system seconds of a process and all below it, from /proc."""
    parents, used = {}, {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            # The name, in parentheses, may hold anything.
            fields = stat.rpartition(")")[2].split()
            parents[int(entry)] = int(fields[1])
            used[int(entry)] = sum(map(int, fields[11:15])) / _TICKS
    family = {pid}
    while grown := {child for child, parent in parents.items() if parent in family}:
        if grown <= family:
            break
        family |= grown
    return sum(used.get(member, 0.0) for member in family)


@dataclass
class Connection:
    """One client: what it sends, and what has come back of the answer so far."""

    socket: socket.socket
    unsent: memoryview = field(default_factory=lambda: memoryview(b""))
    sent_at: float = 0.0
    answer: bytearray = field(default_factory=bytearray)
    whole: int = 0

    def send(self, request: bytes) -> bool:
        """Begin a request; whether all of it is on its way."""
        self.answer.clear()
        self.whole = 0
        self.unsent = memoryview(request)
        self.sent_at = time.perf_counter()
        return self.flush()

    def flush(self) -> bool:
        """Send what fits; whether nothing is left."""
        try:
            sent = self.socket.send(self.unsent)
        except BlockingIOError:
            sent = 0
        self.unsent = self.unsent[sent:]
        return not self.unsent

    def receive(self) -> bool:
        """Take what has arrived; whether the answer is whole."""
        arrived = self.socket.recv(1 << 20)
        if not arrived:
            raise BadAnswer("the server closed a connection in the middle")
        self.answer += arrived
        if not self.whole:
            self.whole = _whole_length(self.answer)
        return bool(self.whole) and len(self.answer) >= self.whole

    def status(self) -> bytes:
        """The three digits of the answer."""
        return bytes(self.answer[9:12])


def _whole_length(answer: bytearray) -> int:
    """Bytes of the whole answer; 0 while its header is not here."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return 0
    head = answer[:end].lower()
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        raise BadAnswer(f"an answer without a length: {bytes(head)!r}")
    return end + 4 + int(head[at + 17 :].split(b"\r\n", 1)[0])


@dataclass
class Load:
    """All clients in one thread.

    Args:
        requests: sent in turn.
        port: of the server, on 127.0.0.1.
        connections: so many clients.
    """

    requests: Sequence[bytes]
    port: int
    connections: int
    latencies: deque[float] = field(default_factory=deque)
    refused: deque[bytes] = field(default_factory=lambda: deque(maxlen=8))
    num_refused: int = 0
    next: int = 0

    def __post_init__(self) -> None:
        self.poll = select.epoll()
        self.clients: dict[int, Connection] = {}
        for _ in range(self.connections):
            opened = socket.create_connection(("127.0.0.1", self.port))
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.setblocking(False)
            self.clients[opened.fileno()] = Connection(opened)
            self.poll.register(opened.fileno(), select.EPOLLIN)
        for client in self.clients.values():
            self._ask(client)

    def run(self, seconds: float) -> float:
        """Keep asking for so long; the seconds that it took."""
        started = now = time.perf_counter()
        while now - started < seconds:
            ready = self.poll.poll(TIMEOUT_SECONDS)
            if not ready:
                raise BadAnswer(f"no answer for {TIMEOUT_SECONDS:.0f} seconds")
            for number, events in ready:
                self._serve(self.clients[number], events)
            now = time.perf_counter()
        return now - started

    def forget(self) -> None:
        """What has been answered until now was for warming up."""
        self.latencies.clear()
        self.num_refused = 0

    def close(self) -> None:
        """Close all connections."""
        for client in self.clients.values():
            client.socket.close()
        self.poll.close()

    def _ask(self, client: Connection) -> None:
        request = self.requests[self.next % len(self.requests)]
        self.next += 1
        if not client.send(request):
            self.poll.modify(client.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def _serve(self, client: Connection, events: int) -> None:
        if events & select.EPOLLOUT and client.flush():
            self.poll.modify(client.socket.fileno(), select.EPOLLIN)
        if not events & ~select.EPOLLOUT or not client.receive():
            return
        self.latencies.append(time.perf_counter() - client.sent_at)
        if client.status() != b"200":
            self.num_refused += 1
            self.refused.append(bytes(client.answer[:300]))
        self._ask(client)


def main() -> None:
    """Warm up, measure once, tell."""
    asked = _arguments()
    load = Load(_read_requests(asked.requests), asked.port, asked.connections)
    load.run(asked.warm_up)
    load.forget()
    own, server = time.process_time(), processor_seconds(asked.server_pid)
    wall = load.run(asked.seconds)
    used = processor_seconds(asked.server_pid) - server
    load.close()
    tell_measurement(
        {
            "connections": asked.connections,
            "wall_seconds": wall,
            "server_cpu_seconds": used,
            "generator_cpu_seconds": time.process_time() - own,
            "refused": load.num_refused,
            "refusals": [answer.decode(errors="replace") for answer in load.refused],
            **_told(list(load.latencies), wall),
        }
    )


def _told(latencies: list[float], wall: float) -> dict[str, Any]:
    ordered = sorted(latencies)
    if not ordered:
        raise BadAnswer("not one answer in all that time")
    at = {
        f"p{share}_ms": 1e3
        * ordered[min(len(ordered) * share // 100, len(ordered) - 1)]
        for share in (50, 90, 99)
    }
    rate = len(ordered) / wall
    return {"requests": len(ordered), "requests_per_second": rate, **at}


def _read_requests(path: Path) -> list[bytes]:
    content, requests, at = path.read_bytes(), [], 0
    while at < len(content):
        (length,) = _LENGTH.unpack_from(content, at)
        at += _LENGTH.size + length
        requests.append(content[at - length : at])
    return requests


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Ask a server, and ask again.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--requests", type=Path, required=True)
    parser.add_argument("--server-pid", type=int, required=True)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--warm-up", type=float, default=2.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
