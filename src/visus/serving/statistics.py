"""What was answered, counted: for the statistics extension and for metrics."""

import threading
import time
from dataclasses import dataclass, field


@dataclass
class Duration:
    """How often something happened, and how long it took together.

    Args:
        count: times.
        seconds: together.
    """

    count: int = 0
    seconds: float = 0.0

    def add(self, seconds: float, count: int = 1) -> None:
        """Once more."""
        self.count += count
        self.seconds += seconds


@dataclass
class Statistics:
    """Everything that is counted of one version of a model.

    Args:
        inference_count: pictures answered.
        execution_count: runs of the network.
        last_inference_ms: when the last run ended, in milliseconds since 1970.
        success, fail: whole requests.
        queue, compute: the parts of successful ones.
        batches: the runs by their number of pictures.
    """

    inference_count: int = 0
    execution_count: int = 0
    last_inference_ms: int = 0
    success: Duration = field(default_factory=Duration)
    fail: Duration = field(default_factory=Duration)
    queue: Duration = field(default_factory=Duration)
    compute: Duration = field(default_factory=Duration)
    batches: dict[int, Duration] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def ran(self, pictures: int, seconds: float) -> None:
        """A run of the network ended."""
        with self.lock:
            self.inference_count += pictures
            self.execution_count += 1
            self.last_inference_ms = int(time.time() * 1000)
            self.batches.setdefault(pictures, Duration()).add(seconds)

    def answered(self, total: float, queue: float, compute: float) -> None:
        """A request was answered."""
        with self.lock:
            self.success.add(total)
            self.queue.add(queue)
            self.compute.add(compute)

    def refused(self, seconds: float) -> None:
        """A request was not answered."""
        with self.lock:
            self.fail.add(seconds)
