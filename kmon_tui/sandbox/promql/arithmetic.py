"""Numbers as Go calculates them: no exception, but NaN and infinities."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence


def quantile(share: float, values: Sequence[float]) -> float:
    """Give the share's quantile, interpolated between the two nearest values."""
    if not values or math.isnan(share):
        return math.nan
    if share < 0:
        return -math.inf
    if share > 1:
        return math.inf
    ordered = sorted(values, key=lambda value: (not math.isnan(value), value))
    rank = share * (len(ordered) - 1)
    low = max(0, math.floor(rank))
    high = min(len(ordered) - 1, low + 1)
    weight = rank - math.floor(rank)
    return ordered[low] * (1 - weight) + ordered[high] * weight


def variance(values: Sequence[float]) -> float:
    """Give the population variance."""
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / len(values)


def divided(a: float, b: float) -> float:
    """Divide; by zero it is an infinity, and NaN for 0/0."""
    if b:
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1, b)


def remainder(a: float, b: float) -> float:
    """Give the remainder with the sign of ``a``."""
    if b == 0 or math.isinf(a):
        return math.nan
    return math.fmod(a, b)


def power(a: float, b: float) -> float:
    """Raise to a power."""
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf
    except ValueError:
        return math.inf if a == 0 else math.nan


def total(values: Sequence[float]) -> float:
    """Add with small error, as Prometheus' compensated sum does."""
    plain = sum(values)
    return math.fsum(values) if math.isfinite(plain) else plain


def guarded(function: Callable[[float], float]) -> Callable[[float], float]:
    """Make a function of ``math`` answer NaN outside its domain, and infinity when the result is too large."""

    def safe(value: float) -> float:
        try:
            return float(function(value))
        except OverflowError:
            return value if math.isinf(value) else math.inf
        except ValueError:
            return math.nan

    return safe


def logarithm(function: Callable[[float], float]) -> Callable[[float], float]:
    """Make a logarithm answer -Inf at 0."""
    safe = guarded(function)
    return lambda value: -math.inf if value == 0 else safe(value)


def number_text(value: float) -> str:
    """Write a number as Go's shortest format does ('f' format), NaN and infinities as Prometheus does."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == int(value) and abs(value) < 1e15:
        return str(int(value)) if value or math.copysign(1, value) > 0 else "-0"
    text = repr(value)
    return text if "e" not in text else format_plain(value)


def sample_text(value: float) -> str:
    """Write a number as Prometheus' HTTP API does: with an exponent only when it is very small or very large."""
    if value and math.isfinite(value) and not 1e-6 <= abs(value) < 1e21:
        digits, _, exponent = repr(value).partition("e")
        if exponent:
            return f"{digits.removesuffix('.0')}e{exponent}"
    return number_text(value)


def format_plain(value: float) -> str:
    """Write the shortest digits of a number without an exponent."""
    digits, exponent = repr(value).split("e")
    sign = "-" if digits.startswith("-") else ""
    whole, _, fraction = digits.lstrip("-").partition(".")
    fraction = "" if fraction == "0" else fraction
    point = len(whole) + int(exponent)
    figures = whole + fraction
    if point <= 0:
        return f"{sign}0.{'0' * -point}{figures}"
    if point >= len(figures):
        return sign + figures.ljust(point, "0")
    return f"{sign}{figures[:point]}.{figures[point:]}"


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": divided,
    "%": remainder,
    "^": power,
    "atan2": math.atan2,
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
