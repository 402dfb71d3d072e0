"""What every part of every registry must keep to."""

import pytest

from visus.core.settings import Settings
from visus.data.sources import SOURCES
from visus.data.sources.base import Source
from visus.models import NETWORKS
from visus.models.base import NetworkFamily
from visus.models.pretrained import BACKBONES
from visus.models.pretrained.base import Backbone
from visus.tasks import TASKS
from visus.tasks.base import Task
from visus.training.recipes import RECIPES

PARTS = [*SOURCES, *NETWORKS, *BACKBONES, *TASKS]


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


@pytest.mark.parametrize("part", list(BACKBONES), ids=lambda part: part.name)
def test_a_backbone_has_a_card(part):
    assert issubclass(part.load(), Backbone)
    card = part.facts["card"]
    assert card.name == part.name
    assert (card.spec.scaling, card.spec.channels) == ("none", 3)
    assert min(card.spec.image_size) >= card.least_side
    assert card.licence and card.source
    assert card.parameters > card.feature_count > 0
    assert 0.6 < card.accuracy < 0.9
    kind, _, digits = card.published.digest.partition(":")
    assert (kind, len(digits)) in (("sha256", 64), ("md5", 32), ("", 0))


@pytest.mark.parametrize("part", list(TASKS), ids=lambda part: part.name)
def test_a_task_is_a_task(part):
    assert isinstance(part.load()(), Task)


def test_recipes_are_named_by_their_names():
    assert all(name == recipe.name for name, recipe in RECIPES.items())
