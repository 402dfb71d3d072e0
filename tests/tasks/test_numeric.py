"""Numbers: targets, figures against scikit-learn and SciPy, and the way to a bundle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as oracle

from visus.core.errors import DataError
from visus.data.records import ImageDataset, ImageRecord
from visus.tasks.choose import read_task, task_of
from visus.tasks.numeric import Numeric
from visus.tasks.regression import number_text, spearman


def dataset(*targets):
    records = (ImageRecord(str(n), target) for n, target in enumerate(targets))
    return ImageDataset("houses", tuple(records), ())


@pytest.fixture
def numbers():
    generator = np.random.default_rng(4)
    truth = generator.normal(500, 200, 60)
    answers = truth + generator.normal(20, 90, 60)
    return answers[:, None].astype(np.float32), truth[:, None].astype(np.float32)


def test_numbers_make_a_numeric_task_called_as_their_column():
    task = task_of(dataset(1.0, None, 3.5), "price")
    assert (task, task.names) == (Numeric(("price",)), ("price",))
    assert task_of(dataset(1.0)).names == ("value",)
    targets = task.targets(dataset(1.0, None, 3.5))
    assert (targets.shape, targets.dtype) == ((3, 1), np.float32)
    assert task.known(targets).tolist() == [True, False, True]
    assert list(map(task.target, targets)) == [1.0, None, 3.5]


def test_numbers_beside_labels_are_refused():
    with pytest.raises(DataError, match="numbers for some pictures.*'cat'"):
        task_of(dataset(1.0, "cat"))


def test_one_number_teaches_nothing():
    with pytest.raises(DataError, match="one price only: 2.0"):
        Numeric(("price",)).require(dataset(2.0, 2.0))


def test_the_end_of_the_network_knows_mean_and_spread():
    targets = np.array([[1.0], [3.0], [9.0]], dtype=np.float32)
    weights = np.array([1, 1, 2], dtype=np.float32)
    task = Numeric(("price",)).learned_from(targets, weights)
    repeated = [1, 3, 9, 9]
    assert task.mean == pytest.approx(np.mean(repeated))
    assert task.head.scale == pytest.approx(np.std(repeated))
    assert task.head.offset == task.mean
    assert read_task(("price",), task.to_json()) == task
    same = Numeric(("price",)).learned_from(targets[:1], weights[:1])
    assert (same.mean, same.spread) == (1, 1)


def test_figures_are_those_of_scikit_learn_and_scipy(numbers):
    answers, truth = numbers
    figures = Numeric(("price",)).metrics(answers, truth)
    expected = {
        "mean_absolute_error": oracle.mean_absolute_error(truth, answers),
        "root_mean_squared_error": oracle.root_mean_squared_error(truth, answers),
        "r_squared": oracle.r2_score(truth, answers),
        "spearman": stats.spearmanr(truth, answers).statistic,
    }
    assert figures == pytest.approx(expected, rel=1e-5)


def test_a_picture_of_weight_two_counts_as_two(numbers):
    answers, truth = numbers
    weights = np.random.default_rng(1).integers(0, 4, len(truth))
    rows = np.repeat(np.arange(len(truth)), weights)
    task = Numeric(("price",))
    weighed = task.metrics(answers, truth, weights.astype(np.float32))
    assert weighed == pytest.approx(task.metrics(answers[rows], truth[rows]))
    sampled = oracle.r2_score(truth, answers, sample_weight=weights)
    assert weighed["r_squared"] == pytest.approx(sampled, rel=1e-5)


@given(st.lists(st.integers(0, 6), min_size=3, max_size=30), st.randoms())
def test_ties_share_their_ranks(values, random):
    others = [random.randint(0, 6) for _ in values]
    if len(set(values)) > 1 and len(set(others)) > 1:
        expected = stats.spearmanr(values, others).statistic
        found = spearman(np.array(values, float), np.array(others, float))
        assert found == pytest.approx(expected, abs=1e-9)


def test_equal_numbers_lie_in_one_tenth_and_tenths_are_alike():
    task = Numeric(("price",))
    strata = task.strata(dataset(*np.random.default_rng(0).permutation(200) * 1.0))
    _, counts = np.unique([name for (name,) in strata], return_counts=True)
    assert counts.tolist() == [20] * 10
    assert len(set(task.strata(dataset(1.0, 2.0, 3.0)))) == 1
    assert len({*task.strata(dataset(*[5.0] * 60))}) == 1


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.0, "0"), (0.123456, "0.1235"), (999.94, "999.9"), (-1234.5, "-1,234")],
)
def test_numbers_are_read_easily(number, text):
    assert number_text(number) == text


def test_answers_have_no_more_digits_than_a_float32():
    assert Numeric(("price",)).answers(np.array([[0.3]], np.float32)) == (0.3,)
