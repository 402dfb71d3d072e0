"""class-names: names of classes that look like slips."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import combinations

from visus.auditing.base import Check, NoSettings, Opinion, Remark
from visus.auditing.evidence import Evidence

# Folders that programs make and people take for classes.
NOT_MEANT = {"__macosx", "new folder", "untitled folder", "$recycle.bin", "lost+found"}
_SEPARATORS = re.compile(r"[\W_]+")
_NUMBERS = re.compile(r"\d+")


class ClassNames(Check[NoSettings]):
    """Pairs of names that a person would take for one, and names with odd letters."""

    def judge(self, evidence: Evidence) -> Opinion:
        """One remark a slip."""
        names = evidence.dataset.class_names
        sentences = [*_single(names), *_pairs(names)]
        return Opinion(remarks=tuple(map(Remark, sentences)))


def _single(names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        if name != name.strip():
            yield f"The class {name!r} begins or ends with a space."
        if not name.isprintable() or "\ufffd" in name:
            yield f"The class {name!r} has letters that cannot be read."
        if name.strip().lower() in NOT_MEANT:
            yield f"The class {name!r} looks like a folder that a program made."


def _pairs(names: tuple[str, ...]) -> Iterator[str]:
    for first, second in _alike(names):
        reason = _difference(first, second)
        yield f"The classes {first!r} and {second!r} differ {reason}: are they one?"


def _alike(names: tuple[str, ...]) -> list[tuple[str, str]]:
    # By what is left of a name: comparing all pairs of 20,000 classes would take hours.
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(_singular(_plain(name)), []).append(name)
    return [pair for group in alike.values() for pair in combinations(group, 2)]


def _plain(name: str) -> str:
    """Without case, accents of writing, separators, and zeros before a number."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    numbered = _NUMBERS.sub(lambda digits: str(int(digits.group())), folded)
    return _SEPARATORS.sub(" ", numbered).strip()


def _singular(plain: str) -> str:
    """English, roughly: wrong for some words, but alike for both of a pair."""
    for ending, without in (("ies", "y"), ("es", ""), ("s", ""), ("e", "")):
        if plain.endswith(ending) and len(plain) - len(ending) >= 3:
            return plain[: len(plain) - len(ending)] + without
    return plain


def _difference(first: str, second: str) -> str:
    if first.strip() == second.strip():
        return "by a space at the end"
    if first.strip().casefold() == second.strip().casefold():
        return "only in case"
    if _NUMBERS.sub("", first) == _NUMBERS.sub("", second):
        return "only by zeros before a number"
    if _plain(first) == _plain(second):
        return "only in signs between words"
    return "as one and many do"
