"""What the decoder takes, and how it says no."""

from dataclasses import dataclass

from visus.data.ledger import Verdict


@dataclass(frozen=True)
class DecodeLimits:
    """How large a picture may be before it is refused unopened."""

    max_pixels: int = 64_000_000
    max_bytes: int = 256 * 2**20


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
