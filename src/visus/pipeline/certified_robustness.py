"""The certificate's sections on pictures that are not as they were."""

import numpy as np

from visus.certifying.certificate import Section
from visus.certifying.sections import absent
from visus.data.corruptions import CORRUPTIONS, SEVERITIES, corrupted
from visus.evaluation.robustness.corruptions import measure_corruptions, sampled
from visus.evaluation.robustness.translation import measure_translation
from visus.pipeline.certified_work import Work

# Of the time that is left.
SHARE = 0.45
# Fewer corrupted pictures say nothing.
FEWEST = 10
# What the pilot begins with.
PILOT = 2
# What shifts add to the time of corruptions, about.
SHIFTS_EXTRA = 1.3


def corruptions_section(work: Work) -> Section:
    """What is left of the accuracy; as many pictures a cell as the time allows."""
    title = "Corrupted and shifted pictures"
    if not work.one_class:
        return absent("corruptions", title, work.another_kind)
    names = CORRUPTIONS.names()

    def some(count: int) -> int:
        pixels = np.asarray(sampled(work.tested.test, count).pixels[:])
        for name in names:
            # The worst severities take longest; what is left over is no loss.
            work.bundle.answer(corrupted(pixels, name, SEVERITIES[-1]))
        return count

    with work.progress.stage("Timing corruptions"):
        a_severity = work.clock.pace(some, min(PILOT, work.count), work.count)
    fit = work.clock.fits(SHARE, a_severity * len(SEVERITIES) * SHIFTS_EXTRA)
    most = min(work.count, fit)
    if most < min(FEWEST, work.count):
        reason = (
            f"the time that was left allows for {most} pictures in each of "
            f"{len(names) * len(SEVERITIES)} cells, and fewer than {FEWEST} say "
            "nothing. Give more time with --minutes."
        )
        return absent("corruptions", title, reason)
    answer, tested = work.bundle.answer, work.tested
    parts = measure_corruptions(tested, answer, most=most, progress=work.progress)
    parts = parts.and_also(measure_translation(tested, answer, most=most))
    section = work.section("corruptions", title, parts)
    return section.model_copy(update={"pictures": most})


def adversarial_section(work: Work) -> Section:
    """What an attacker can do; measured when `visus evaluate` can attack."""
    reason = "this version of `visus certify` makes no attacks."
    return absent("adversarial", "Attacked pictures", reason)
