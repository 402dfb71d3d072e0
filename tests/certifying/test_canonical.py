"""RFC 8785: its own example and its table of numbers are the oracle."""

import json
import struct

import pytest

from visus.certifying.canonical import canonical, read_strictly, signable

# RFC 8785, appendix B: bits of a double, and how it is written.
NUMBERS = (
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
)


@pytest.mark.parametrize("bits,text", NUMBERS)
def test_numbers_are_written_as_the_standard_has_them(bits, text):
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(number).decode() == text


def test_the_example_of_the_standard():
    value = read_strictly(
        r"""{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3,
        0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]}"""
    )
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,'
        '1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical(value).decode() == expected


def test_how_a_file_is_written_does_not_matter():
    value = {"b": [1.0, 2.5e-9], "a": "é"}
    texts = (json.dumps(value), json.dumps(value, indent=4, ensure_ascii=False))
    assert len({canonical(read_strictly(text)) for text in texts}) == 1


@pytest.mark.parametrize(
    "text", ['{"a":1,"a":2}', "[NaN]", "[Infinity]", "[" * 300_000, "{", ""]
)
def test_what_can_be_read_in_two_ways_is_refused(text):
    with pytest.raises(ValueError):
        read_strictly(text)


def test_what_has_no_form_is_made_to_have_one():
    value = {"\ud800": [float("nan"), float("inf"), 1, None, True, ("x",)]}
    told = signable(value)
    assert told == {"?": [None, None, 1, None, True, ["x"]]}
    assert canonical(told)
