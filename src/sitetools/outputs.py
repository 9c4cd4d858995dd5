"""Compare printed outputs: text exactly, numbers within what was printed."""

import re

# A number that is not part of a name: 3, -0.25, 4., 1e-05, but not the 32 of float32.
_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?(?![\w])")
RELATIVE = 1e-3


def same_number(expected: str, actual: str) -> bool:
    """Tell whether two printed numbers agree.

    Whole numbers must be equal. Others may differ by one unit of the last printed
    digit, where a rerun may round the other way, but never by more than one part in a
    thousand, so that no digit a reader uses can change unseen.
    """
    if _fraction(expected) != _fraction(actual):
        return False
    if not _fraction(expected):
        return int(expected) == int(actual)
    a, b = float(expected), float(actual)
    unit = min(_unit(expected), _unit(actual))
    return a == b or abs(a - b) <= min(1.001 * unit, RELATIVE * max(abs(a), abs(b)))


def differences(expected: str, actual: str) -> list[str]:
    """List the lines in which two outputs differ; runs of spaces count as one."""
    left, right = expected.splitlines(), actual.splitlines()
    found = [
        f"line {number}: expected {a!r}, got {b!r}"
        for number, (a, b) in enumerate(zip(left, right, strict=False), 1)
        if not _same_line(a, b)
    ]
    if len(left) != len(right):
        found.append(f"expected {len(left)} lines, got {len(right)}")
    return found


def _same_line(a: str, b: str) -> bool:
    if _skeleton(a) != _skeleton(b):
        return False
    pairs = zip(_NUMBER.findall(a), _NUMBER.findall(b), strict=True)
    return all(same_number(x, y) for x, y in pairs)


def _skeleton(line: str) -> str:
    """The text around the numbers; a sign or width may change the padding."""
    text = re.sub(r"\s+", " ", _NUMBER.sub("#", line)).strip()
    return re.sub(r"(?<=[\[(]) | (?=[\])])", "", text)


def _fraction(number: str) -> bool:
    return "." in number or "e" in number.lower()


def _unit(number: str) -> float:
    """The size of one step in the last printed digit."""
    mantissa, _, exponent = number.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return 10.0 ** (int(exponent or 0) - decimals)
