"""What every part of every registry must keep to."""

import pytest

from visus.core.settings import Settings
from visus.data.sources import SOURCES
from visus.data.sources.base import Source
from visus.models import NETWORKS
from visus.models.base import NetworkFamily
from visus.tasks import TASKS
from visus.tasks.base import Task
from visus.training.recipes import RECIPES

PARTS = [*SOURCES, *NETWORKS, *TASKS]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_part_has_a_plain_name_and_a_summary(part):
    assert part.name == part.name.lower()
    assert " " not in part.name
    assert 10 < len(part.summary) < 90


@pytest.mark.parametrize("part", list(SOURCES), ids=lambda part: part.name)
def test_a_source_is_a_source(part):
    assert isinstance(part.load(), Source)
    assert isinstance(part.facts["downloads"], bool)


@pytest.mark.parametrize("part", list(NETWORKS), ids=lambda part: part.name)
def test_a_network_is_a_family_with_described_settings(part):
    family = part.load()
    assert issubclass(family, NetworkFamily)
    assert issubclass(family.settings_class, Settings)
    assert family.scaling in ("unit", "signed", "none")
    assert all(
        field.description for field in family.settings_class.model_fields.values()
    )


@pytest.mark.parametrize("part", list(TASKS), ids=lambda part: part.name)
def test_a_task_is_a_task(part):
    assert isinstance(part.load()(), Task)


def test_recipes_are_named_by_their_names():
    assert all(name == recipe.name for name, recipe in RECIPES.items())
