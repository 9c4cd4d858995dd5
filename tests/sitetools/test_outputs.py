"""Outputs: text exactly, numbers within what was printed."""

import pytest

from sitetools.outputs import differences


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("loss 0.5108\n", "loss 0.5109\n"),  # one unit of the last digit
        ("[1.3333 0.     4.    ]\n", "[1.3334 0.     4.    ]\n"),
        ("[ 0. -0.]\n", "[0. 0.]\n"),  # a sign moves the padding
        ("4.\n", "4.0001\n"),
        ("1.25e-05\n", "1.251e-05\n"),
        ("float32 nan inf\n", "float32 nan inf\n"),
        ("1.7977e+308\n", "1.7977e+308\n"),  # rounds to inf when it is read
    ],
)
def test_same(shown, printed):
    assert differences(shown, printed) == []
    assert differences(printed, shown) == []


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("loss 0.5108\n", "loss 0.5110\n"),
        ("loss 0.5108\n", "lost 0.5108\n"),
        ("0.5\n", "0.6\n"),  # one unit, but a fifth of the value
        ("4.\n", "5.\n"),
        ("3.14\n", "3.15\n"),
        ("7\n", "8\n"),
        ("1\n", "1.0\n"),
        ("1.0\n", "-1.0\n"),
        ("float32\n", "float64\n"),
        ("nan\n", "0.0\n"),
        ("1e-05\n", "1e-06\n"),
        ("a\n", "a\nb\n"),
        ("a\nb\n", "a\n"),
        ("[1 2]\n", "[1 2 3]\n"),
        ("", "a\n"),
    ],
)
def test_different(shown, printed):
    assert differences(shown, printed)
    assert differences(printed, shown)


def test_a_difference_names_the_line_and_both_texts():
    assert differences("a\nx 0.25\n", "a\nx 0.35\n") == [
        "line 2: expected 'x 0.25', got 'x 0.35'"
    ]
