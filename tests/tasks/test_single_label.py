"""One class a picture, and what every task of the registry has to offer."""

import numpy as np
import pytest

from visus.core.errors import ConfigError
from visus.data.records import ImageDataset, ImageRecord
from visus.tasks import TASKS
from visus.tasks.base import Task
from visus.tasks.single_label import SingleLabel

DATASET = ImageDataset(
    name="pets",
    records=(
        ImageRecord("a", "dog"),
        ImageRecord("b", None),
        ImageRecord("c", "cat"),
    ),
    class_names=("cat", "dog"),
)


@pytest.fixture
def task():
    return SingleLabel(("cat", "dog"))


@pytest.mark.parametrize("name", TASKS.names())
def test_every_registered_task_is_a_task(name):
    assert isinstance(TASKS.load(name)(), Task)
    assert TASKS.load(name).kind == name
    assert TASKS.part(name).summary


@pytest.mark.parametrize("name", TASKS.names())
def test_every_task_is_read_from_what_it_says(name):
    task = TASKS.load(name).of(DATASET, "price")
    assert TASKS.load(name).from_json(task.names, task.to_json()) == task


def test_a_misspelt_task_is_told_its_neighbour():
    with pytest.raises(ConfigError, match="Did you mean 'single-label'"):
        TASKS.load("single-lable")


def test_targets_are_class_numbers_and_minus_one_without_a_label(task):
    targets = task.targets(DATASET)
    assert targets.tolist() == [1, -1, 0]
    assert targets.dtype == np.int32
    assert task.known(targets).tolist() == [True, False, True]
    assert list(map(task.target, targets)) == ["dog", None, "cat"]
    assert (task.head.outputs, task.head.activation) == (2, "softmax")


def test_the_answer_is_the_class_with_the_largest_score(task):
    scores = np.array([[0.4, 0.6], [0.9, 0.1]], dtype=np.float32)
    assert task.answers(scores) == ("dog", "cat")
    assert task.answers(scores[:0]) == ()


@pytest.mark.parametrize("num_classes, told", [(10, False), (11, True)])
def test_top_5_is_told_only_where_it_says_something(num_classes, told):
    task = SingleLabel(tuple(map(str, range(num_classes))))
    scores = np.eye(num_classes, dtype=np.float32)
    figures = task.metrics(scores, np.arange(num_classes, dtype=np.int32))
    assert figures["accuracy"] == 1
    assert figures["loss"] == 0
    assert figures.get("top_5_accuracy") == (1 if told else None)
