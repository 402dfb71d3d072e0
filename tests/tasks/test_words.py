"""Figures as a person reads them."""

import pytest

from visus.tasks.words import probability_text


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (1.0, ">99.9%"),
        (0.99986, ">99.9%"),
        (0.9993, "99.9%"),
        (0.5, "50.0%"),
        (0.0006, "0.1%"),
        (0.0002, "<0.1%"),
        (0.0, "<0.1%"),
    ],
)
def test_no_probability_is_certain_by_rounding(score, text):
    assert probability_text(score) == text
