"""unreadable: files that were found and cannot be used."""

import mimetypes
from collections import Counter

from pydantic import Field

from visus.auditing.base import BlockingCheck, Opinion, Remark
from visus.auditing.evidence import Account
from visus.core.settings import Settings
from visus.data.ledger import Quarantined


class UnreadableSettings(Settings):
    """When so many pictures are lost that the rest misleads."""

    blocking_share: float = Field(
        0.2, gt=0, le=1, description="broken share of the pictures found that blocks"
    )


class Unreadable(BlockingCheck[UnreadableSettings]):
    """Every quarantined file, and whether too many pictures are among them.

    A text file that lies beside the pictures is no lost picture; a text file named .jpg
    is one, since somebody meant it to be a picture.
    """

    settings_class = UnreadableSettings

    def judge(self, evidence: Account) -> Opinion:
        """One remark with the files, by verdict."""
        quarantined = evidence.ledger.quarantined
        if not quarantined:
            return Opinion()
        lost = sum(map(_was_meant_as_picture, quarantined))
        verdicts = Counter(entry.verdict for entry in quarantined)
        counts = ", ".join(f"{n:,} {name}" for name, n in sorted(verdicts.items()))
        sentence = (
            f"{len(quarantined):,} of {evidence.ledger.found:,} files are not used "
            f"({counts}); the first: {quarantined[0].reason}"
        )
        remark = Remark(sentence, tuple(entry.id for entry in quarantined))
        share = lost / (lost + len(evidence))
        blocking = share > self.settings.blocking_share
        return Opinion(remarks=(remark,), blocking=blocking)


def _was_meant_as_picture(entry: Quarantined) -> bool:
    if entry.verdict == "no_class":
        return False
    kind, _ = mimetypes.guess_type(entry.id)
    return entry.verdict != "not_image" or (kind or "").startswith("image/")
