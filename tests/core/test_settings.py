import pytest
from pydantic import Field

from visus.core.errors import ConfigError
from visus.core.settings import (
    Settings,
    merge_into,
    parse_overrides,
    read_settings,
    read_toml,
    to_toml,
)


class Inner(Settings):
    epochs: int = Field(3, ge=1)


class Outer(Settings):
    name: str = "x"
    training: Inner = Inner()


def test_a_misspelt_key_names_the_nearest():
    with pytest.raises(ConfigError) as caught:
        read_settings(Outer, {"training": {"epoch": 5}})
    assert "training.epoch" in caught.value.received
    assert "training.epochs" in caught.value.remedy


def test_a_value_that_does_not_fit_is_named_with_its_place():
    with pytest.raises(ConfigError) as caught:
        read_settings(Outer, {"training": {"epochs": 0}})
    assert "training.epochs" in caught.value.received
    assert "0" in caught.value.received


def test_overrides_read_as_toml_and_else_as_text():
    words = ["a.b=5", "a.c=[1, 2]", "a.d=max", "e=true"]
    nested = {"a": {"b": 5, "c": [1, 2], "d": "max"}, "e": True}
    assert parse_overrides(words) == nested


@pytest.mark.parametrize("word", ["epochs", "=5", "a..b=1", ".a=1"])
def test_an_override_without_name_or_value_is_refused(word):
    with pytest.raises(ConfigError):
        parse_overrides([word])


def test_merging_keeps_what_the_update_does_not_name():
    base = {"a": {"b": 1, "c": 2}, "d": 3}
    assert merge_into(base, {"a": {"b": 9}}) == {"a": {"b": 9, "c": 2}, "d": 3}


def test_settings_survive_toml(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(to_toml(Outer(name="y", training=Inner(epochs=7))))
    assert read_settings(Outer, read_toml(path)) == Outer(
        name="y", training=Inner(epochs=7)
    )


def test_malformed_toml_is_a_config_error(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("a = = 1")
    with pytest.raises(ConfigError, match="TOML"):
        read_toml(path)
