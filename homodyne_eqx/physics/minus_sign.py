"""The minus sign of numbers that people read."""


def with_minus(number: str) -> str:
    """The text of a number with «−» for the hyphen of its sign; the exponent stays as computers write it (`e-05`)."""
    return f"−{number[1:]}" if number.startswith("-") else number
