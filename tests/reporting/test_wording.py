"""Numbers read well, and outside text cannot act."""

import unicodedata
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visus.core.report import Fact, Table
from visus.reporting.wording import (
    columns_of,
    escaped,
    fact_title,
    number_columns,
    printable,
    shortened,
    table_texts,
    value_text,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (1234567, "1,234,567"),
        (0.123456, "0.1235"),
        (12345.6, "12,346"),
        (3.2e-9, "3.2e-09"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        ("cat\x1b[2J\ndog", "cat\ufffd[2J dog"),
    ],
)
def test_values_read_well(value, text):
    assert value_text(value) == text


@given(st.text(st.characters(codec=None)))
def test_escaped_text_comes_back_from_xml_as_the_printable_text(text):
    root = ElementTree.fromstring(f'<a b="{escaped(text)}">{escaped(text)}</a>')
    assert (root.text or "") == printable(text) == root.get("b")


@given(st.text(st.characters(codec=None)))
def test_printable_text_has_no_control_characters_and_one_line(text):
    kinds = {unicodedata.category(character) for character in printable(text)}
    assert not kinds & {"Cc", "Cs", "Zl", "Zp"}
    assert len(printable(text).splitlines()) <= 1


@given(st.text(), st.integers(1, 30))
def test_shortened_text_fits_and_keeps_its_beginning(text, columns):
    short = shortened(text, columns)
    assert columns_of(short) <= columns
    assert short == text or text.startswith(short.removesuffix("…"))


def test_wide_characters_fill_two_columns():
    assert columns_of("猫cat") == 5
    assert shortened("猫猫猫", 5) == "猫猫…"


def test_facts_have_titles_for_people():
    def title(name):
        return fact_title(Fact(name=name, value=1, text="1"))

    assert title("top_5_accuracy") == "Top-5 accuracy"
    assert title("mean_error") == "Mean error"


def table(*rows):
    return Table(
        title="t", columns=tuple(f"c{n}" for n, _ in enumerate(rows[0])), rows=rows
    )


def test_numbers_of_a_column_share_their_decimals():
    texts = table_texts(table(("a", 0.9), ("b", 0.1234), ("c", None)))
    assert texts == [("a", "0.9000"), ("b", "0.1234"), ("c", "")]


def test_small_numbers_keep_their_digits():
    texts = table_texts(table((0.5,), (3e-10,)))
    assert texts == [("0.5",), ("3e-10",)]


def test_number_columns_are_numbers_or_words_that_look_so():
    rows = (("1", 0.5, "97.1%", "7 cats", True), ("2", None, "1,234", "8", False))
    assert number_columns(table(*rows))[:4] == [False, True, True, False]
    assert number_columns(Table(title="t", columns=("a", "b"), rows=())) == [False] * 2
