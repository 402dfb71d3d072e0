"""The certificate's tests of explanations: a few methods, on a few pictures."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from visus.certifying.certificate import Section
from visus.certifying.sections import absent, measured
from visus.core.errors import VisusError
from visus.core.report import Fact, Finding, Interval, Table
from visus.core.seeds import random_generator
from visus.explanation import EXPLAINERS
from visus.explanation.faithfulness import POINTS, RANDOM_MAPS
from visus.pipeline.certificate.clock import TIME_IS_OVER
from visus.pipeline.certificate.work import Work
from visus.pipeline.judge import Judge, Judged
from visus.pipeline.question import Opened, Question
from visus.tasks.intervals import mean_interval, wilson_interval

TITLE = "Tests of explanations"
# Of the time that is left; what comes after is writing three files.
SHARE = 0.8
# Answers of the graph in the time of one compiled gradient.
GRADIENT = 4
INTEGRATED = "integrated-gradients"
# Those whose faith is a promise of Visus, with the answers of the model that a map and
# its tests take, about: three shuffled networks are explained too. The
# cheapest first.
METHODS = {
    "grad-cam": 100,
    # Of the trained network some 60 steps, of each of the others 16.
    INTEGRATED: 110 * GRADIENT,
    "occlusion": 4 * 196,
    "rise": 4 * 1_000,
}
# Of the curves of the maps drawn by chance, and those of one method.
CHANCE, CURVES = 2 * POINTS * RANDOM_MAPS, 2 * POINTS
# More pictures tell more than another method does.
WANTED_PICTURES = 3
MOST_PICTURES = 30
# To import Keras, open the network and a copy, and compile their gradients.
OPENING_SECONDS = 20.0


def explanations_section(work: Work) -> Section:
    """How many maps of each method stand their tests, on as many pictures as fit."""
    if work.bundle.task.kind == "numeric":
        reason = "they are told of classes, and the model gives numbers."
        return absent("explanations", TITLE, reason)
    if work.clock.over:
        return absent("explanations", TITLE, TIME_IS_OVER)
    pixels, allowed = work.tested.test.pixels, SHARE * work.clock.left
    order = random_generator(0, "certificate explanations").permutation(work.count)
    first = np.asarray(pixels[order[:8]])
    with work.progress.stage("Timing explanations"):
        an_answer = work.clock.pace(lambda n: _answered(work, first, n), 1, len(first))
    names = _affordable(an_answer, allowed)
    if not names:
        reason = (
            f"one picture would take about {_expected(1, an_answer, 1):.0f} s, and "
            f"{allowed:.0f} s were left for it. Give more time with --minutes."
        )
        return absent("explanations", TITLE, reason)
    rows = order[:MOST_PICTURES].tolist()
    return _section(_judged(work, rows, names, an_answer, allowed))


def _expected(methods: int, an_answer: float, pictures: int) -> float:
    """Seconds that the first so many methods take, on so many pictures."""
    answers = CHANCE + sum(cost + CURVES for cost in list(METHODS.values())[:methods])
    return OPENING_SECONDS + pictures * answers * an_answer


def _affordable(an_answer: float, allowed: float) -> list[str]:
    """As many methods as can be asked of three pictures, or else of one."""
    for pictures in (WANTED_PICTURES, 1):
        for methods in range(len(METHODS), 0, -1):
            if _expected(methods, an_answer, pictures) <= allowed:
                return list(METHODS)[:methods]
    return []


def _answered(work: Work, pixels: np.ndarray, count: int) -> int:
    work.bundle.scores(pixels[:count])
    return count


def _judged(
    work: Work, rows: list[int], names: list[str], an_answer: float, allowed: float
) -> Mapping[str, list[Judged]]:
    """Each method's maps with their tests, picture by picture while time is left."""
    found: dict[str, list[Judged]] = defaultdict(list)
    begun, slowest = time.monotonic(), dict[str, float]()
    judge = _judge(work, rows[0])
    _open(judge, compiled=INTEGRATED in names)
    with work.progress.stage("Testing explanations", len(rows)):
        for row in rows:
            left = allowed - (time.monotonic() - begun)
            if sum(slowest.values()) > left:
                break
            judge = judge.beside(np.asarray(work.tested.test.pixels[row]))
            for name in names:
                left = allowed - (time.monotonic() - begun)
                if name not in slowest and _likely(name, slowest, an_answer) > left:
                    break
                started = time.monotonic()
                found[name].append(judge.one(EXPLAINERS.part(name)))
                seconds = time.monotonic() - started
                slowest[name] = max(slowest.get(name, 0.0), seconds)
            names = list(found)
            work.progress.advance()
    return found


def _likely(name: str, slowest: Mapping[str, float], an_answer: float) -> float:
    """Seconds that a method takes, as much slower than told as others before it."""
    told = sum(METHODS[other] + CURVES for other in slowest) + CHANCE * bool(slowest)
    slower = sum(slowest.values()) / (told * an_answer) if told else 1.0
    return max(1.0, slower) * (METHODS[name] + CURVES) * an_answer


def _judge(work: Work, row: int) -> Judge:
    test = work.tested.test
    question = Question(work.bundle.path, Path(test.ids[row]), offline=True)
    pixels = np.asarray(test.pixels[row])
    return Judge(Opened(question, work.bundle, pixels, work.progress))


def _open(judge: Judge, *, compiled: bool) -> None:
    """Open the networks, so that the first picture takes no longer than others."""
    try:
        for opened in (judge.subject.network, judge.shuffled_networks[0][1]):
            network = opened()
            if compiled:
                blank = np.zeros_like(judge.subject.pixels[np.newaxis])
                network.image_gradients(network.images(blank), judge.subject.output)
    except VisusError:
        # There is only a graph: the methods that need more will say so.
        return


def _section(found: Mapping[str, list[Judged]]) -> Section:
    applied = {
        name: [one for one in judged if one.faith and one.sanity]
        for name, judged in found.items()
    }
    told = {name: judged for name, judged in applied.items() if judged}
    missing = [
        Finding(severity="info", message=f"{name} does not apply: {judged[0].reason}")
        for name, judged in found.items()
        if name not in told
    ]
    if not told:
        reason = missing[0].message if missing else TIME_IS_OVER
        return absent("explanations", TITLE, reason)
    return measured(
        "explanations",
        TITLE,
        pictures=max(map(len, told.values())),
        facts=[_fact(name, judged) for name, judged in told.items()],
        findings=[*_warnings(told), *missing, *_left_out(found)],
        tables=[_table(told)],
    )


def _left_out(found: Mapping[str, list[Judged]]) -> Iterator[Finding]:
    names = [name for name in METHODS if name not in found]
    if names:
        message = f"There was no time for {' and '.join(names)}."
        yield Finding(severity="info", message=message)


def _trusted(judged: list[Judged]) -> Interval:
    return wilson_interval(sum(not one.faults for one in judged), len(judged))


def _fact(name: str, judged: list[Judged]) -> Fact:
    share = _trusted(judged)
    text = (
        f"{sum(not one.faults for one in judged)} of {len(judged)} maps stand both "
        f"tests (95 % interval {share.low:.0%} to {share.high:.0%})"
    )
    key = name.replace("-", "_") + "_trusted"
    return Fact(name=key, value=share.value, text=text, interval=share)


def _warnings(told: Mapping[str, list[Judged]]) -> Iterator[Finding]:
    for name, judged in told.items():
        if _trusted(judged).value < 0.5:
            message = f"Do not trust {name} for this model: most of its maps fail."
            yield Finding(severity="warning", message=message)


def _table(told: Mapping[str, list[Judged]]) -> Table:
    rows = []
    for name, judged in told.items():
        faiths = [one.faith for one in judged if one.faith]
        gains = [
            f.curves.gain - float(np.mean([r.gain for r in f.random])) for f in faiths
        ]
        gain = mean_interval(gains)
        ends = f" ({gain.low:.2f} to {gain.high:.2f})" if len(gains) > 1 else ""
        alike = [one.sanity.likeness for one in judged if one.sanity]
        rows.append(
            (
                name,
                len(judged),
                f"{sum(f.beats_random for f in faiths)}",
                f"{gain.value:+.2f}{ends}",
                f"{np.mean(alike):.2f}",
                f"{sum(not one.faults for one in judged)}",
            )
        )
    return Table(
        title="By method",
        columns=(
            "method",
            "pictures",
            "beat chance",
            "gain over chance",
            "likeness",
            "trusted",
        ),
        rows=tuple(rows),
        note=f"beat chance: maps that do better than all {RANDOM_MAPS} drawn by "
        "chance, in insertion less deletion (Petsiuk et al., 2018); gain: by how much, "
        "with its 95 % interval; likeness: rank correlation with the map of a network "
        "with shuffled weights, of which 0.5 is too much (Adebayo et al., 2018); "
        "trusted: maps that stand both tests.",
    )
