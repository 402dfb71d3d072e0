"""How every benchmark measures, prints and keeps what it found.

A side is a module of `benchmarks.sides`, run as a fresh process for each measurement;
its last line of output is a JSON object. Sides are called in turn (A B A B), so that a
slow minute of the machine falls on both. Only the standard library is imported here,
since the peer's process imports this file too.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
# A result that was just written does not change what is measured.
_MEASURED = ("src", "benchmarks", ":(exclude)benchmarks/results")

Measurement = dict[str, Any]

# What is told of each cost, and the field of a measurement that holds it.
CLOCKS = {"wall": "wall_seconds", "CPU": "cpu_seconds"}


class SideFailed(RuntimeError):
    """A side's process ended with an error; its last lines are the message."""


@dataclass(frozen=True)
class Spread:
    """What repeated measurements of one thing look like."""

    mean: float
    deviation: float
    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Of at least one value; one value alone deviates by nothing."""
        deviation = stdev(values) if len(values) > 1 else 0.0
        return cls(mean(values), deviation, min(values), median(values), max(values))

    def around_mean(self, unit: str = "s") -> str:
        """Mean and standard deviation."""
        return f"{self.mean:.2f} ± {self.deviation:.2f} {unit}"

    def range(self, unit: str = "s") -> str:
        """Smallest, median and largest."""
        return f"{self.low:.2f} / {self.median:.2f} / {self.high:.2f} {unit}"


def ratio_of_means(peer: Sequence[float], ours: Sequence[float]) -> float:
    """The peer's cost over ours: above 1, we are cheaper."""
    return mean(peer) / mean(ours)


@contextmanager
def stopwatch() -> Iterator[dict[str, float]]:
    """Wall and processor seconds of a block, written when the block ends."""
    cost: dict[str, float] = {}
    wall, processor = time.perf_counter(), _processor_seconds()
    yield cost
    cost["wall_seconds"] = time.perf_counter() - wall
    cost["cpu_seconds"] = _processor_seconds() - processor


def _processor_seconds() -> float:
    # User and system, all threads, and children that have ended.
    return sum(os.times()[:4])


def run_side(name: str, *arguments: object) -> Measurement:
    """One measurement by `benchmarks.sides.NAME` in a fresh process.

    Raises:
        SideFailed: the process failed.
    """
    command = [sys.executable, "-m", f"benchmarks.sides.{name}", *map(str, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, env=_as_installed(), capture_output=True, text=True
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()[-12:]
        raise SideFailed(
            f"{name} ended with code {done.returncode}:\n" + "\n".join(said)
        )
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def _as_installed() -> dict[str, str]:
    """The environment, in which Python may keep its bytecode.

    An installed package has it. Where nothing may be kept, each process compiles the
    300 files of this checkout anew, for a third of a second.
    """
    return {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}


def tell_measurement(measurement: Mapping[str, Any]) -> None:
    """What a side prints, as its last line."""
    print(json.dumps(measurement), flush=True)


def time_command(command: Sequence[str]) -> Measurement:
    """Wall and processor seconds of a whole process, from start to end.

    Raises:
        SideFailed: the process failed.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=_as_installed(),
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SideFailed(f"{command[0]} ended with code {process.returncode}")
    return {"wall_seconds": wall, "cpu_seconds": used.ru_utime + used.ru_stime}


def values_of(
    measurements: Iterable[Measurement], field: str, **wanted: object
) -> list[float]:
    """One field of the measurements whose other fields are as wanted, in order."""
    return [
        float(measurement[field])
        for measurement in measurements
        if all(measurement.get(name) == value for name, value in wanted.items())
    ]


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Text with aligned columns and a line below the heading."""
    lines = [tuple(columns), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
    return "\n".join([text[0], "-" * max(map(len, text)), *text[1:]])


def tell_progress(text: str) -> None:
    """One line about the measuring, on standard error."""
    print(text, file=sys.stderr, flush=True)


def describe_machine() -> dict[str, Any]:
    """Versions, processor, cores, commit and date: what a figure depends on."""
    from visus.pipeline.environment import describe_environment

    return {
        **describe_environment(),
        "load": round(os.getloadavg()[0], 2),
        "git_commit": _git("rev-parse", "HEAD"),
        "git_changed": bool(_git("status", "--porcelain", "--", *_MEASURED)),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def machine_lines(machine: Mapping[str, Any]) -> str:
    """The machine as two lines under a table."""
    packages = ", ".join(f"{name} {at}" for name, at in machine["packages"].items())
    changed = " with changes" if machine["git_changed"] else ""
    return (
        f"{machine['processor']}, {machine['cores']} cores, load {machine['load']} at "
        f"the start; Python {machine['python']}; {packages}\n"
        f"commit {machine['git_commit'][:12]}{changed}, {machine['date']}"
    )


def write_results(
    name: str,
    *,
    quick: bool,
    machine: Mapping[str, Any],
    ratios: Mapping[str, float],
    measurements: Sequence[Measurement],
    folder: Path = RESULTS,
) -> Path:
    """Keep every single measurement as `NAME.json`, or `NAME-quick.json`."""
    from visus.core.files import write_json

    path = folder / (f"{name}-quick.json" if quick else f"{name}.json")
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "benchmark": name,
        "quick": quick,
        "ratios": {label: round(value, 4) for label, value in ratios.items()},
        "machine": dict(machine),
        "measurements": list(measurements),
    }
    write_json(path, content)
    return path


def last_line(name: str, ratio: float) -> str:
    """What every benchmark ends with."""
    return f"{name}: ratio={ratio:.2f}"


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip()
