"""What every source and every layout offers: its records and its ledger."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from visus.core.progress import Progress, SilentProgress
from visus.data.ledger import Ledger
from visus.data.records import ImageDataset
from visus.data.sources.places import Place


@dataclass(frozen=True)
class Access:
    """What a source may do while it reads.

    Args:
        offline: never open a network connection.
        progress: who is told of long work.
    """

    offline: bool = False
    progress: Progress = field(default_factory=SilentProgress)


class Source(ABC):
    """One place that pictures come from."""

    @abstractmethod
    def read(self, access: Access) -> tuple[ImageDataset, Ledger]:
        """The records, and what became of everything found.

        Raises:
            DataError: there is nothing usable.
            MachineError: a download failed everywhere.
        """


class Layout(ABC):
    """One way in which pictures and labels lie in a folder or archive."""

    @abstractmethod
    def recognises(self, place: Place) -> bool:
        """Whether the place is laid out so, judged by its content."""

    @abstractmethod
    def read(self, place: Place) -> tuple[ImageDataset, Ledger]:
        """The records, and what became of everything found.

        Raises:
            DataError: there is nothing usable, or labels make no sense.
        """
