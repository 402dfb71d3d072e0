"""A certificate made by hand, and a key."""

import pytest

from visus.certifying.certificate import (
    Certificate,
    CertifiedData,
    CertifiedModel,
    GateResult,
)
from visus.certifying.limits import limits_of
from visus.certifying.sections import absent, measured
from visus.certifying.signing import own_key
from visus.core.report import Fact, Finding, Interval, Table


def accuracy(value=0.95, low=0.93, high=0.97):
    """The fact that counts."""
    interval = Interval(value=value, low=low, high=high)
    return Fact(name="accuracy", value=value, text=f"{value:.2%}", interval=interval)


@pytest.fixture
def make():
    """Makes a certificate; words replace parts of it."""

    def build(**changes):
        model = CertifiedModel(
            file_name="model.visus",
            sha256="ab" * 32,
            size=1234,
            network="convnet",
            parameters=93_322,
            task="single-label",
            class_names=("cat", "dog", "| <b>*bad*</b>"),
            image_size=(28, 28),
            channels=1,
            learned_from="photos",
        )
        data = CertifiedData(
            name="other\n---\nlicense: mit",
            fingerprint="cd" * 32,
            pictures=100,
            of=100,
            left_out=0,
            found=101,
            quarantined=1,
            by_class={"cat": 60, "dog": 40},
        )
        table = Table(title="By class", columns=("class", "F1"), rows=(("cat", 0.9),))
        finding = Finding(severity="warning", message="Look at `this`.")
        sections = (
            measured(
                "accuracy",
                "Accuracy",
                pictures=100,
                facts=[accuracy()],
                findings=[finding],
                tables=[table],
            ),
            absent("adversarial", "Attacks", "Nobody attacked it."),
        )
        gate = GateResult(
            metric="accuracy",
            bound="min",
            limit=0.9,
            value=0.95,
            judged=0.93,
            passed=True,
            reason="0.95, must be at least 0.9",
        )
        values = {
            "made": "2026-01-02T03:04:05Z",
            "visus": "0.1.0",
            "minutes": 5.0,
            "seconds": 12.5,
            "model": model,
            "data": data,
            "sections": sections,
            "limits": limits_of(model, data, sections),
            "gates": (gate,),
        }
        return Certificate(**{**values, **changes})

    return build


@pytest.fixture
def key():
    """The key of the test's own home."""
    return own_key()
