"""Gates: judged by the honest end of the interval; misspelt ones are refused."""

import pytest

from visus.certifying.gates import Gates, read_gates
from visus.core.errors import ConfigError
from visus.core.report import Fact, Interval
from visus.core.settings import read_settings


def fact(name, value, low=None, high=None):
    interval = None if low is None else Interval(value=value, low=low, high=high)
    return Fact(name=name, value=value, text="", interval=interval)


def check(values, *facts, absent=()):
    gates = read_settings(Gates, values)
    return gates.check({f.name: f for f in facts}, dict(absent))


def test_the_whole_interval_must_be_on_the_right_side():
    seen = fact("accuracy", 0.92, 0.89, 0.94)
    for limit, passed in ((0.93, False), (0.9, False), (0.89, True)):
        (gate,) = check({"accuracy": {"min": limit}}, seen)
        assert gate.passed is passed and gate.judged == 0.89 and gate.value == 0.92
    for limit, passed in ((0.93, False), (0.94, True)):
        (gate,) = check({"accuracy": {"max": limit}}, seen)
        assert gate.passed is passed and gate.judged == 0.94
    assert "upper end of its interval" in gate.reason


def test_a_figure_without_interval_counts_as_it_is():
    (gate,) = check({"loss": {"max": 0.5}}, fact("loss", 0.5))
    assert gate.passed and gate.reason == "0.5; must be at most 0.5"


def test_both_bounds_are_two_gates():
    low, high = check({"answered": {"min": 0.5, "max": 0.9}}, fact("answered", 0.95))
    assert (low.bound, low.passed, high.bound, high.passed) == (
        *("min", True),
        *("max", False),
    )


def test_what_was_not_measured_fails_with_its_reason():
    why = {"accuracy_gap": "No group was named."}
    (gate,) = check({"accuracy_gap": {"max": 0.1}}, absent=why)
    assert not gate.passed and gate.value is None
    assert gate.reason == "not measured: No group was named."
    (gate,) = check({"loss": {"max": 0.1}}, fact("loss", float("nan")))
    assert not gate.passed


def refused(path, text, *words):
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_gates(path)
    for word in words:
        assert word in str(caught.value)


def test_misspelt_gates_are_refused(tmp_path):
    path = tmp_path / "gates.toml"
    path.write_text("[accuracy]\nmin = 0.9\n[loss]\nmax = 1\n")
    assert [name for name, _ in read_gates(path).set()] == ["accuracy", "loss"]
    refused(path, "[acuracy]\nmin = 0.9", "'acuracy'", "Did you mean accuracy")
    refused(path, "[accuracy]\nminn = 0.9", "accuracy.minn", "accuracy.min")
    refused(path, "[accuracy]\nmin = 'x'", "accuracy.min")
    refused(path, "[accuracy]\nmin = nan", "accuracy.min")
    refused(path, "[accuracy]\nmin = 0.9\nmax = 0.5", "min is above max")
    refused(path, "[accuracy]", "[accuracy]", "sets nothing")
    refused(path, "", "sets nothing")
    refused(path, "accuracy = 0.9", "accuracy")
    refused(path, "[accuracy\n", "cannot be read")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_gates(tmp_path / "none.toml")
