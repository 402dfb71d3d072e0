"""What a certificate does with little time, and with models that tell no classes."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from pictures import write_stripes
from served import write_bundle
from small_bundle import make_bundle
from visus.core.errors import ModelError
from visus.core.progress import SilentProgress
from visus.pipeline import certify
from visus.pipeline.certificate import answered, data, explanations
from visus.pipeline.certificate.answered import answer_test
from visus.pipeline.certificate.clock import Clock
from visus.pipeline.certificate.data import data_section, look_at_data
from visus.pipeline.certificate.work import Work
from visus.pipeline.certify import CertifyRequest, certify_bundle

QUIET = SilentProgress()


class Watch:
    """Time that passes when somebody says so."""

    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds


def test_the_clock_divides_what_is_left():
    watch = Watch()
    clock = Clock(1.0, now=watch)
    watch.seconds += 20
    assert (clock.seconds, clock.left, clock.over) == (20, 40, False)
    # Half of 40 seconds, and a fifth kept back.
    assert clock.fits(0.5, 2.0) == 8
    watch.seconds += 50
    assert (clock.left, clock.over, clock.fits(1.0, 0.1)) == (0, True, 0)


def test_a_pilot_goes_on_until_it_tells_something():
    watch, asked = Watch(), []

    def work(count):
        asked.append(count)
        watch.seconds += 0.01 * count
        return count

    assert Clock(1, now=watch).pace(work, 2, 1000) == pytest.approx(0.01)
    assert asked == [2, 8, 32, 128]
    asked.clear()
    Clock(1, now=watch).pace(work, 2, 5)
    assert asked == [2, 5]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A network with convolutions that nobody trained, and 80 pictures for it."""
    place = tmp_path_factory.mktemp("small")
    write_stripes(place / "stripes", 80)
    return make_bundle(place / "model.visus"), place / "stripes"


def ask(small, clock):
    bundle, source = small
    return answer_test(
        bundle,
        source,
        clock,
        target=None,
        group=None,
        offline=True,
        progress=QUIET,
    )


def test_with_little_time_pictures_are_drawn_the_same_ones_again(small, monkeypatch):
    monkeypatch.setattr(answered, "FEWEST", 10)
    monkeypatch.setattr(Clock, "fits", lambda self, share, each: 25)
    first, second = (ask(small, Clock(1)) for _ in range(2))
    assert first.pictures.ids == second.pictures.ids
    assert (len(first.pictures), first.of) == (25, 80)
    assert len(first.records.records) == 25
    monkeypatch.setattr(Clock, "fits", lambda self, share, each: 0)
    assert len(ask(small, Clock(1)).pictures) == 10


def test_an_audit_of_a_part_says_so_and_counts_nothing(small, monkeypatch):
    bundle, _ = small
    test = ask(small, Clock(5))
    monkeypatch.setattr(data, "_most", lambda test, clock: 40)
    # These take seconds, and are tested elsewhere.
    more = data.COUNTING | {"label-errors", "outliers"}
    monkeypatch.setattr(data, "COUNTING", more)
    audited = look_at_data(test, Clock(5), QUIET)
    assert not audited.whole and len(audited.evidence) == 40
    section = data_section(Work(bundle, test, Clock(5), None, QUIET), audited)
    assert section.pictures == 40
    assert "40 of 80 pictures, drawn" in section.findings[0].message
    names = {row[0] for row in section.tables[0].rows}
    assert "near-duplicates" in names and "too-few-pictures" not in names


def test_without_time_there_is_no_audit_and_gates_on_it_fail(small, tmp_path):
    bundle, source = small
    gates = tmp_path / "gates.toml"
    gates.write_text("[blocking_checks]\nmax = 0\n[export_difference]\nmax = 1\n")
    out = tmp_path / "out"
    done = certify_bundle(
        CertifyRequest(bundle.path, source, 0.001, gates, out=out, offline=True)
    )
    failed = {gate.metric for gate in done.failed}
    assert failed == {"blocking_checks", "export_difference"}
    for gate in done.failed:
        assert "the time was over" in gate.reason.lower()
    export = done.certificate.section("export")
    assert export.absent and not export.facts
    assert done.certificate.section("accuracy").pictures == answered.FEWEST


def test_a_model_that_is_replaced_meanwhile_is_not_certified(
    small, tmp_path, monkeypatch
):
    bundle, source = small
    path = tmp_path / "model.visus"
    path.write_bytes(bundle.path.read_bytes())
    measured = certify._sections

    def meanwhile(work):
        found = measured(work)
        path.write_bytes(path.read_bytes() + b"x")
        return found

    monkeypatch.setattr(certify, "_sections", meanwhile)
    with pytest.raises(ModelError, match="was replaced"):
        certify_bundle(CertifyRequest(path, source, 0.001, out=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["multi-label", "numeric"])
def test_labels_and_numbers_have_what_means_something(kind, tmp_path):
    names = {"multi-label": ("ant", "bee"), "numeric": ("price",)}[kind]
    task = {
        "multi-label": {"name": kind, "thresholds": [0.5, 0.5]},
        "numeric": {"name": kind, "mean": 0.0, "spread": 1.0},
    }[kind]
    bundle = write_bundle(tmp_path / "model.visus", names=names, task=task)
    draws = np.random.default_rng(0)
    with (tmp_path / "data.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("file_name", "labels" if kind == "multi-label" else "value"))
        for number in range(40):
            pixels = draws.integers(0, 256, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / f"{number}.png")
            labels = json.dumps([name for name in names if draws.random() < 0.5])
            target = labels if kind == "multi-label" else f"{draws.random():.3f}"
            table.writerow((f"{number}.png", target))
    out = tmp_path / "out"
    done = certify_bundle(
        CertifyRequest(bundle.path, tmp_path / "data.csv", 0.0001, out=out)
    )
    certificate = done.certificate
    first = {"multi-label": "mean_average_precision", "numeric": "mean_absolute_error"}
    fact = certificate.facts[first[kind]]
    assert fact.interval.low <= fact.value <= fact.interval.high
    for name in ("answers", "corruptions", "explanations"):
        section = certificate.section(name)
        assert section.absent and not section.facts
    assert "one class a picture" in certificate.section("answers").absent
    told = (out / "certificate.html").read_text() + (out / "README.md").read_text()
    assert fact.text in told and "No test picture shows" not in told


def test_with_less_time_fewer_methods_are_asked():
    asked = explanations._affordable
    names = list(explanations.METHODS)
    # Three pictures: 646 answers of chance, 34 and its own for each method.
    assert asked(0.001, 1_000) == names
    assert asked(0.001, 20.01 + 3 * 0.001 * (646 + 4 * 34 + 7_134)) == names
    assert asked(0.001, 20.01 + 3 * 0.001 * (646 + 3 * 34 + 3_134)) == names[:3]
    assert asked(0.001, 20.9) == names[:1]
    assert asked(0.001, 20.0) == []
