"""One number for all ranges: how it is filled in, overridden and written down."""

import pytest
from pydantic import ValidationError

from visus.core.settings import to_toml
from visus.data.augment.policies import KINDS, RANGES, SWITCHES, policy_values
from visus.data.config import AugmentConfig
from visus.pipeline.config import resolve_config
from visus.training.recipes import RECIPES


def test_a_policy_says_every_change_there_is():
    settings = AugmentConfig.model_fields.keys() - {"strength", "kind"}
    for kind in KINDS:
        assert policy_values(kind, 5).keys() == settings == {*RANGES, *SWITCHES}


@pytest.mark.parametrize("kind", KINDS)
def test_ranges_grow_in_proportion_from_nothing(kind):
    assert not any(policy_values(kind, 0).values())
    half, whole = policy_values(kind, 5), AugmentConfig(strength=10, kind=kind)
    for name in RANGES:
        assert getattr(whole, name) == pytest.approx(2 * half[name])


@pytest.mark.parametrize("recipe", ["thorough", "photographs"])
def test_half_strength_moves_and_recolors_as_the_recipes_do(recipe):
    own = RECIPES[recipe].values["training"]["augment"]
    half = policy_values(RECIPES[recipe].kind, 5)
    assert {name: half[name] for name in own} == pytest.approx(own)


def test_a_range_that_is_given_wins_over_the_strength():
    config = AugmentConfig(strength=5, rotate=40, flip=False)
    assert (config.rotate, config.flip, config.shift) == (40, False, 0.15)


@pytest.mark.parametrize("strength", [-1, 11, "5", float("nan")])
def test_a_strength_that_is_none_is_refused(strength):
    with pytest.raises(ValidationError, match="strength"):
        AugmentConfig(strength=strength)


def test_what_the_strength_says_is_not_written_down():
    config = AugmentConfig(strength=5, kind="overhead", rotate=40)
    written = config.model_dump(mode="json")
    assert written == {"strength": 5, "kind": "overhead", "rotate": 40}
    assert AugmentConfig(**written) == config
    again = AugmentConfig(**written | {"strength": 9})
    assert (again.rotate, again.shift) == (40, 0.18)


def test_a_strength_takes_the_place_of_the_recipes_changes():
    chosen = {"source": "x", "training": {"augment": {"strength": 2}}}
    config = resolve_config(RECIPES["thorough"], chosen)
    augment = config.training.augment
    assert (augment.kind, augment.rotate, augment.flip) == ("characters", 4, False)
    assert "[training.augment]\nstrength = 2.0\nkind" in to_toml(config)
    # A run that goes on reads its own file again.
    written = config.model_dump(mode="json", exclude_none=True)
    assert resolve_config(RECIPES["thorough"], written) == config


def test_recipes_keep_their_own_changes_without_a_strength():
    config = resolve_config(RECIPES["photographs"], {"source": "x"})
    own = RECIPES["photographs"].values["training"]["augment"]
    told = config.training.augment.model_dump()
    assert {name: told[name] for name in own} == own
    assert not any(told[name] for name in {*RANGES, *SWITCHES} - own.keys())
