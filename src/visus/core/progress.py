"""How long work tells a person where it stands, without knowing about terminals."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager


class Progress(ABC):
    """What long work reports to; the CLI draws it, a notebook or a test need not."""

    @abstractmethod
    def start(self, label: str, total: float | None = None) -> None:
        """A new stage begins: its name, and how many units it has if known."""

    @abstractmethod
    def advance(self, amount: float = 1, **figures: float | str) -> None:
        """That many units are done; figures (loss, images per second) go beside."""

    @abstractmethod
    def finish(self) -> None:
        """The stage is over."""

    @abstractmethod
    def say(self, message: str) -> None:
        """A sentence that a person should read: a fallback taken, a batch halved."""

    @contextmanager
    def stage(self, label: str, total: float | None = None) -> Iterator[None]:
        """`start` and `finish` around a block, also when it fails."""
        self.start(label, total)
        try:
            yield
        finally:
            self.finish()


class SilentProgress(Progress):
    """Says nothing; the default in Python, and when output is piped."""

    def start(self, label: str, total: float | None = None) -> None:
        """Nothing to draw."""

    def advance(self, amount: float = 1, **figures: float | str) -> None:
        """Nothing to draw."""

    def finish(self) -> None:
        """Nothing to draw."""

    def say(self, message: str) -> None:
        """Nobody listens."""
