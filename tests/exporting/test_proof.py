"""A proof that cannot fail proves nothing."""

import numpy as np
import pytest

from visus.core.errors import ModelError
from visus.exporting.base import Runtime
from visus.exporting.proof import compare, question, require_proof

RUNTIME = Runtime("Something", "1.0")


def proof_of(bundle, change):
    asked = question(bundle)
    scores = change(asked.scores.copy())
    return compare(bundle, asked, scores, RUNTIME, 1e-4)


def test_the_same_scores_prove_it(bundle):
    proof = proof_of(bundle, lambda scores: scores + 5e-5)
    assert proof.holds
    assert proof.largest_difference == pytest.approx(5e-5, rel=1e-2)
    assert (proof.same_answers, proof.pictures) == (1.0, 34)
    require_proof("onnx", proof)


def spoiled(scores):
    scores[7, 1] = np.nan
    return scores


@pytest.mark.parametrize(
    "change",
    [
        lambda scores: scores + 2e-4,
        lambda scores: scores[:, ::-1],
        lambda scores: scores[:-1],
        lambda scores: np.roll(scores, 1, axis=0),
        lambda scores: np.zeros_like(scores),
        spoiled,
    ],
)
def test_other_scores_do_not(change, bundle):
    proof = proof_of(bundle, change)
    assert not proof.holds
    with pytest.raises(ModelError, match="another model"):
        require_proof("onnx", proof)


def test_an_answer_that_changes_within_the_tolerance_is_another(bundle):
    asked = question(bundle)
    asked.scores[:] = [0.50002, 0.49998]
    scores = np.full_like(asked.scores, [0.49999, 0.50001])
    proof = compare(bundle, asked, scores, RUNTIME, 1e-4)
    assert (proof.same_answers, proof.holds) == (0.0, False)


def test_a_tie_has_two_first_answers(bundle):
    asked = question(bundle)
    asked.scores[:] = [0.5000002, 0.4999998]
    scores = np.full_like(asked.scores, [0.4999999, 0.5000001])
    assert compare(bundle, asked, scores, RUNTIME, 1e-4).holds


def test_given_pictures_are_asked_beside_the_golden_ones(bundle):
    given = np.full((3, 16, 16, 1), 9, np.uint8)
    asked = question(bundle, given)
    assert asked.pictures_from == "2 golden, 3 given"
    np.testing.assert_array_equal(asked.pixels[2:], given)
    np.testing.assert_array_equal(asked.scores, bundle.scores(asked.pixels))
