"""Metrics in Prometheus's text format, under our own names and TensorFlow Serving's.

Own names have base units (seconds) and `_total`. What users send is never a label: an
unknown model is counted under the empty name.
"""

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from visus.serving.refusals import Code
from visus.serving.repository import Repository
from visus.serving.served import Served

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# TensorFlow Serving's buckets, in microseconds: 10 times 1.8 to the power of k.
BOUNDS_US = tuple(10 * 1.8**k for k in range(33))
_BOUNDS = tuple(bound / 1e6 for bound in BOUNDS_US)
# What TensorFlow Serving calls our protocols; others it does not know.
_ENTRY_POINTS = {"tensorflow_rest": "REST", "tensorflow_grpc": "GRPC"}

# Model, protocol and method of a request.
Kind = tuple[str, str, str]


@dataclass
class Seen:
    """The requests of one kind.

    Args:
        codes: how many ended with each code.
        buckets: how many took how long; the last is for longer ones.
        seconds: together.
    """

    codes: dict[Code, int] = field(default_factory=dict)
    buckets: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))
    seconds: float = 0.0


class Metrics(Collector):
    """Counts requests, and reads the rest from where it is counted already.

    Args:
        repository: tells of its models.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        self._seen: dict[Kind, Seen] = {}
        self._lock = threading.Lock()
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def gauge(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Show another figure, read whenever somebody asks."""
        self._gauges[name] = (description, read)

    def seen(
        self, model: str, protocol: str, method: str, code: Code, seconds: float
    ) -> None:
        """A request was answered or refused.

        Args:
            model: that it named; counted as "" when there is none of that name.
            protocol: such as "tensorflow_rest" or "open_inference_grpc".
            method: of a fixed list, such as "predict".
            code: how it ended.
            seconds: it took.
        """
        known = model if self._repository.knows(model) else ""
        with self._lock:
            seen = self._seen.setdefault((known, protocol, method), Seen())
            seen.codes[code] = seen.codes.get(code, 0) + 1
            seen.buckets[bisect_left(_BOUNDS, seconds)] += 1
            seen.seconds += seconds

    def text(self) -> bytes:
        """Everything, for a scraper."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """What Prometheus's client asks of a collector."""
        with self._lock:
            seen = [
                (kind, Seen(dict(s.codes), list(s.buckets), s.seconds))
                for kind, s in self._seen.items()
            ]
        yield from _requests(seen)
        yield from _aliases(seen)
        yield from _versions(self._repository.served())
        ready = GaugeMetricFamily("visus_ready", "1 when models can be asked")
        ready.add_metric([], float(self._repository.ready))
        yield ready
        for name, (description, read) in self._gauges.items():
            gauge = GaugeMetricFamily(name, description)
            gauge.add_metric([], read())
            yield gauge


def _requests(seen: Iterable[tuple[Kind, Seen]]) -> Iterator[Metric]:
    labels = ["model", "protocol", "method"]
    counter = CounterMetricFamily(
        "visus_requests", "Requests by how they ended", labels=[*labels, "code"]
    )
    times = HistogramMetricFamily(
        "visus_request_seconds", "From the header to the answer", labels=labels
    )
    for kind, row in seen:
        for code, count in row.codes.items():
            counter.add_metric([*kind, code.name], count)
        times.add_metric([*kind], _cumulative(row, _BOUNDS), row.seconds)
    yield counter
    yield times


def _aliases(seen: Iterable[tuple[Kind, Seen]]) -> Iterator[Metric]:
    # Untyped: a counter of this library must end in _total, and theirs does not.
    count_name = ":tensorflow:serving:request_count"
    counter = Metric(count_name, "As TensorFlow Serving counts", "unknown")
    times = HistogramMetricFamily(
        ":tensorflow:serving:request_latency",
        "In microseconds, as TensorFlow Serving has it",
        labels=["model_name", "API", "entrypoint"],
    )
    totals: dict[tuple[str, str], int] = {}
    for (model, protocol, method), row in seen:
        entry_point = _ENTRY_POINTS.get(protocol)
        if entry_point is None:
            continue
        for code, count in row.codes.items():
            key = (model, code.name)
            totals[key] = totals.get(key, 0) + count
        buckets = _cumulative(row, BOUNDS_US)
        times.add_metric([model, method, entry_point], buckets, row.seconds * 1e6)
    for (model, status), count in totals.items():
        counter.add_sample(count_name, {"model_name": model, "status": status}, count)
    yield counter
    yield times


def _versions(served: Iterable[Served]) -> Iterator[Metric]:
    labels = ["model", "version"]
    pictures = CounterMetricFamily("visus_pictures", "Pictures answered", labels=labels)
    runs = CounterMetricFamily("visus_runs", "Runs of the network", labels=labels)
    run_seconds = CounterMetricFamily(
        "visus_run_seconds", "Time in runs of the network", labels=labels
    )
    queue_seconds = CounterMetricFamily(
        "visus_queue_seconds", "Time that requests waited for a run", labels=labels
    )
    waiting = GaugeMetricFamily(
        "visus_queue_pictures", "Pictures that wait for a run", labels=labels
    )
    for one in served:
        key, counted = [one.name, str(one.version)], one.statistics
        pictures.add_metric(key, counted.inference_count)
        runs.add_metric(key, counted.execution_count)
        with counted.lock:
            seconds = sum(batch.seconds for batch in counted.batches.values())
        run_seconds.add_metric(key, seconds)
        queue_seconds.add_metric(key, counted.queue.seconds)
        waiting.add_metric(key, one.batcher.waiting)
    yield from (pictures, runs, run_seconds, queue_seconds, waiting)


def _cumulative(row: Seen, bounds: tuple[float, ...]) -> list[tuple[str, float]]:
    buckets, total = [], 0
    for bound, count in zip((*map(_number, bounds), "+Inf"), row.buckets, strict=True):
        total += count
        buckets.append((bound, float(total)))
    return buckets


def _number(bound: float) -> str:
    return f"{bound:.6g}"
