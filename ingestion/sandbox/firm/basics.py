"""Arithmetic of the firm: exact money, business days, month ends and repeatable chance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from random import Random

CENT = Decimal("0.01")
HUNDRED = Decimal(100)
DAY = timedelta(days=1)


def cents(value: Decimal) -> Decimal:
    """Round an amount half up to two decimals."""
    return value.quantize(CENT, ROUND_HALF_UP)


def with_markup(base: Decimal, percent: Decimal) -> Decimal:
    """``base`` raised by ``percent`` percent, rounded to the cent."""
    return cents(base * (HUNDRED + percent) / HUNDRED)


def chance(seed: int, *parts: object) -> Random:
    """A random source that depends on the seed and the named entity alone, in every process and Python build."""
    return Random("\x1f".join(str(p) for p in (seed, *parts)))


def log_normal(r: Random, median: float, high: float, z: float) -> int:
    """A whole number of days from the log-normal law with this median whose quantile at ``z`` sigmas is ``high``."""
    sigma = math.log(high / median) / z
    return round(median * math.exp(sigma * r.gauss(0, 1)))


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A UTC moment on ``day``."""
    return datetime.combine(day, time(hour, minute), UTC)


@cache
def add_business_days(day: date, n: int) -> date:
    """The n-th Monday-to-Friday day after ``day`` (before it if negative); holidays are ignored."""
    step = DAY if n >= 0 else -DAY
    for _ in range(abs(n)):
        day += step
        while day.weekday() > 4:
            day += step
    return day


def on_business_day(day: date) -> date:
    """``day`` itself, or the Monday after it when it falls on a weekend."""
    return day + DAY * max(0, 7 - day.weekday()) if day.weekday() > 4 else day


def month_start(day: date) -> date:
    return day.replace(day=1)


@cache
def month_end(day: date) -> date:
    """The last calendar day of the month of ``day``: the cut-off that covers it."""
    return add_months(day, 1) - DAY


def add_months(day: date, n: int) -> date:
    """The first day of the month ``n`` months after that of ``day``."""
    years, month = divmod(day.month - 1 + n, 12)
    return date(day.year + years, month + 1, 1)


@cache
def last_business_day(day: date) -> date:
    """The last Monday-to-Friday day of the month of ``day``."""
    last = month_end(day)
    return last if last.weekday() < 5 else add_business_days(last, -1)


def month_ends(first: date, last: date) -> Iterator[date]:
    """The month ends from the month of ``first``, no later than ``last``."""
    day = month_end(first)
    while day <= last:
        yield day
        day = month_end(day + DAY)


def business_days(first: date, last: date) -> Iterator[date]:
    """Monday-to-Friday days of [first, last]."""
    day = first
    while day <= last:
        if day.weekday() < 5:
            yield day
        day += DAY


def friday_of(day: date) -> date:
    """The Friday of the week (Monday to Sunday) of ``day``."""
    return day + DAY * (4 - day.weekday())
