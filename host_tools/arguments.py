# SPDX-License-Identifier: MIT
"""Numbers and lists on the command line: for argparse's `type`, each refuses what it cannot use in a few words."""

from __future__ import annotations

import argparse
import math


def positive(text: str) -> int:
    """A whole number from 1."""
    value = _whole(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return value


def not_negative(text: str) -> int:
    """A whole number from 0."""
    value = _whole(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return value


def finite(text: str) -> float:
    """A number, neither infinite nor NaN."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text} is not a finite number")
    return value


def above_zero(text: str) -> float:
    """A finite number above 0."""
    value = finite(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return value


def words(text: str) -> tuple[str, ...]:
    """Names between commas, at least one."""
    found = tuple(filter(None, (word.strip() for word in text.split(","))))
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} names nothing")
    return found


def whole_numbers(text: str) -> tuple[int, ...]:
    """Whole numbers from 1 between commas, at least one."""
    return tuple(positive(word) for word in words(text))


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number") from error
