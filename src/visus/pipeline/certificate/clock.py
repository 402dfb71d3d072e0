"""The time that a certificate may take, and what fits into it."""

import time
from collections.abc import Callable

# What a measured pace may be off by, when other work comes in between.
SAFETY = 0.8
TIME_IS_OVER = "the time was over. Give more with --minutes."
# A pilot shorter than this tells more of the clock than of the work.
SHORTEST_PILOT = 0.5


class Clock:
    """Counts down from so many minutes.

    Args:
        minutes: for all of it.
        started: what `now` said when it began; `None`: it begins here.
        now: seconds that pass.
    """

    def __init__(
        self,
        minutes: float,
        started: float | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self._started = now() if started is None else started
        self._total = 60 * minutes

    @property
    def seconds(self) -> float:
        """That have passed."""
        return self._now() - self._started

    @property
    def left(self) -> float:
        """Seconds that are left; 0 when the time is over."""
        return max(0.0, self._total - self.seconds)

    @property
    def over(self) -> bool:
        """Whether the time is over."""
        return self.left == 0

    def fits(self, share: float, seconds_each: float) -> int:
        """How many pieces of work fit into a share of what is left.

        Args:
            share: of the time that is left, 0 to 1.
            seconds_each: that one piece takes, as was measured.
        """
        return int(SAFETY * share * self.left / max(seconds_each, 1e-9))

    def pace(self, work: Callable[[int], int], first: int, most: int) -> float:
        """Seconds that one piece takes, by doing some.

        Args:
            work: does so many pieces, and says how many it did.
            first: pieces to begin with; four times as many while they take no time.
            most: pieces that there are.
        """
        count = min(first, most)
        while True:
            begun = self._now()
            done = work(count)
            seconds = self._now() - begun
            if seconds >= SHORTEST_PILOT or count >= most:
                return seconds / max(done, 1)
            count = min(4 * count, most)
