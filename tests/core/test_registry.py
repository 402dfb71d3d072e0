import pytest

from visus.core.errors import ConfigError
from visus.core.registry import Registry


def small() -> Registry:
    registry = Registry("thing", "things")
    registry.add("path", "pathlib:Path", "a path", size=3)
    return registry


def test_a_part_is_imported_on_first_use():
    from pathlib import Path

    assert small().load("path") is Path
    assert small().part("path").facts == {"size": 3}


def test_a_name_twice_is_an_error():
    registry = small()
    with pytest.raises(ConfigError, match="twice"):
        registry.add("path", "os:path", "another")


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(ConfigError) as caught:
        small().load("paht")
    assert "'path'" in caught.value.remedy


def test_other_packages_add_parts_by_entry_points(monkeypatch):
    from importlib.metadata import EntryPoint

    entry = EntryPoint("extra", "os:sep", "visus.things")
    monkeypatch.setattr("visus.core.registry.entry_points", lambda group: [entry])
    registry = small()
    assert registry.names() == ["path", "extra"]
    assert registry.load("extra") == "/"
