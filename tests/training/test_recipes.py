import numpy as np
import pytest

from visus.core.errors import ConfigError
from visus.data.survey import Survey
from visus.models import NETWORKS
from visus.pipeline.config import resolve_config
from visus.training.config import TrainingConfig
from visus.training.recipes import RECIPES, choose_recipe, find_recipe


def survey(side: int, gray: bool) -> Survey:
    return Survey(np.full(5, side), np.full(5, side), gray)


# The others take the network that a backbone or a bundle is.
WITH_NETWORK = [recipe for recipe in RECIPES.values() if "network" in recipe.values]


def test_recipes_for_what_has_learned_name_no_network():
    others = {recipe.name for recipe in RECIPES.values()} - {
        recipe.name for recipe in WITH_NETWORK
    }
    assert others == {"frozen", "fine-tune", "gentle"}


@pytest.mark.parametrize("recipe", WITH_NETWORK, ids=lambda recipe: recipe.name)
def test_every_recipe_is_a_config_with_a_known_network(recipe):
    config = resolve_config(recipe, {"source": "x"})
    assert config.network.name in NETWORKS
    settings = NETWORKS.load(config.network.name).settings_class
    settings(**config.network.settings)


def test_the_pictures_choose():
    def chosen(side: int, gray: bool, easy: bool = False) -> str:
        return choose_recipe(survey(side, gray), lambda: easy).name

    assert chosen(28, gray=True, easy=True) == "quick"
    assert chosen(28, gray=True) == "small-gray"
    assert chosen(32, gray=False, easy=True) == "small-color"
    assert chosen(300, gray=True, easy=True) == "frozen"
    scratch = choose_recipe(survey(300, False), lambda: True, scratch=True)
    assert scratch.name == "photographs"


def test_the_courses_own_recipes_are_exactly_so():
    first = resolve_config(find_recipe("course-rmsprop"), {"source": "x"})
    training = first.training
    assert (training.optimizer, training.batch_size, training.epochs) == (
        "rmsprop",
        64,
        5,
    )
    assert (training.learning_rate, training.schedule) == (1e-3, "constant")
    assert first.data.validation_share == 0
    second = resolve_config(find_recipe("course-adam"), {"source": "x"})
    training = second.training
    assert (training.optimizer, training.batch_size, training.epochs) == (
        "adam",
        128,
        15,
    )
    assert second.data.validation_share == 0.1


def test_few_pictures_are_seen_more_often():
    quick, config = find_recipe("quick"), TrainingConfig(epochs=1, batch_size=128)
    assert quick.epochs_for(60_000, config) == 1
    assert quick.epochs_for(3_800, config) == 14
    assert quick.epochs_for(1, config) == 400


def test_a_misspelt_recipe_names_the_nearest():
    with pytest.raises(ConfigError, match="'quick'"):
        find_recipe("quik")
