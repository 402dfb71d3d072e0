"""What the decoder takes, and how it says no."""

from dataclasses import dataclass

from visus.data.ledger import Verdict


@dataclass(frozen=True)
class DecodeLimits:
    """How much one picture may ask for before it is refused.

    Args:
        max_pixels: height times width; more is refused from the header.
        max_bytes: of the file; more is refused unread.
        max_seconds: of computing, for pictures that are decoded in a process apart.
        max_memory_bytes: of that process.
        always_apart: decode every picture in a process of its own. A crash of a
            codec then costs that picture and nothing else, and each picture about a
            third of a second more.
    """

    max_pixels: int = 64_000_000
    max_bytes: int = 256 * 2**20
    max_seconds: int = 30
    max_memory_bytes: int = 3 * 2**30
    always_apart: bool = False

    def check_bytes(self, count: int) -> None:
        """Refuse an empty file and one of more than `max_bytes`."""
        if not count:
            raise DecodeFailure("not_image", "The file is empty.")
        if count > self.max_bytes:
            reason = f"It has {count:,} bytes; the most is {self.max_bytes:,}."
            raise DecodeFailure("too_large", reason)

    def check_pixels(self, height: int, width: int) -> None:
        """Refuse a picture of more than `max_pixels`."""
        if height * width > self.max_pixels:
            reason = (
                f"It is {width:,} pixels wide and {height:,} high, which is "
                f"{height * width:,}; the most is {self.max_pixels:,}."
            )
            raise DecodeFailure("too_large", reason)


class DecodeFailure(Exception):
    """A file that is no usable picture; callers put it into a ledger or word it.

    Args:
        verdict: the kind of failure.
        reason: a sentence a person reads.
    """

    def __init__(self, verdict: Verdict, reason: str) -> None:
        super().__init__(verdict, reason)
        self.verdict: Verdict = verdict
        self.reason = reason
