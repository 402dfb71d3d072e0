"""The certificate's sections on pictures that are not as they were."""

import numpy as np

from visus.certifying.certificate import Section
from visus.certifying.sections import absent
from visus.data.corruptions import CORRUPTIONS, SEVERITIES, corrupted
from visus.evaluation.robustness.adversarial import fights_of, measure_attacks
from visus.evaluation.robustness.attacks import PICTURES, STEPS, Attacks, Victim
from visus.evaluation.robustness.corruptions import measure_corruptions, sampled
from visus.evaluation.robustness.translation import measure_translation
from visus.pipeline.attacked import victim_of
from visus.pipeline.certificate.clock import TIME_IS_OVER
from visus.pipeline.certificate.work import Work

# Of the time that is left.
SHARE = 0.45
ATTACKS_SHARE = 0.35
# To import Keras and open the network.
OPENING_SECONDS = 10.0
# Fewer corrupted or attacked pictures say nothing.
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
    if work.clock.over:
        return absent("corruptions", title, TIME_IS_OVER)
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
            f"the time that was left allows for {_count(most)} in each of "
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
    """What an attacker can do; on as many pictures as the time allows."""
    title = "Attacked pictures"
    reason = _why_not_attacked(work)
    if reason:
        return absent("adversarial", title, reason)
    victim = victim_of(work.bundle, work.progress)
    most = _most_attacked(work, victim)
    if most < min(FEWEST, work.count):
        reason = (
            f"the time that was left allows for {_count(most)}, and fewer than "
            f"{FEWEST} say nothing. Give more time with --minutes."
        )
        return absent("adversarial", title, reason)
    parts = measure_attacks(work.tested, victim, _attacks(most), work.progress)
    section = work.section("adversarial", title, parts)
    return section.model_copy(update={"pictures": most})


def _count(pictures: int) -> str:
    return {0: "no picture", 1: "one picture"}.get(pictures, f"{pictures} pictures")


def _attacks(pictures: int) -> Attacks:
    return Attacks(("fgsm", "pgd"), starts=1, pictures=pictures)


def _most_attacked(work: Work, victim: Victim) -> int:
    """How many pictures fit, by attacking some: most are fooled long before the end."""
    test, allowed = work.tested.test, ATTACKS_SHARE * work.clock.left
    few = min(FEWEST, work.count)
    some = sampled(test, few)
    pixels = np.asarray(some.pixels[:])
    # The first call of all compiles, which tells nothing of the others.
    victim.gradient(pixels[:1], some.targets[:1])
    begun = work.clock.seconds
    victim.gradient(pixels, some.targets)
    # Noise, FGSM and pictures as they are take as long as three steps more.
    if (STEPS + 3) * (work.clock.seconds - begun) > allowed:
        return 0
    begun = work.clock.seconds
    fights_of(test, victim, _attacks(few), work.progress)
    a_picture = (work.clock.seconds - begun) / few
    return min(work.count, work.clock.fits(ATTACKS_SHARE, a_picture), PICTURES)


def _why_not_attacked(work: Work) -> str:
    if not work.one_class:
        return work.another_kind
    if work.bundle.contents.network is None:
        return (
            "the bundle holds the ONNX graph of its network, and not its layers, and "
            "attacks follow gradients."
        )
    if ATTACKS_SHARE * work.clock.left < OPENING_SECONDS:
        return TIME_IS_OVER
    return ""
