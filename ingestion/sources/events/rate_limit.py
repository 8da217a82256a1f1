"""Token buckets: how many requests each sender may make from each address."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

# Addresses that are remembered; the one that was quiet longest is forgotten first, and starts with a full bucket.
MAX_BUCKETS = 10_000


class RateLimit:
    """``rate`` requests a second and ``burst`` at once, for each key of its own."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def wait(self, key: Hashable) -> float:
        """Seconds until a request of ``key`` is welcome; 0 takes it."""
        now = self._clock()
        left, at = self._buckets.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        welcome = left >= 1
        self._buckets[key] = (left - 1 if welcome else left, now)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return 0.0 if welcome else (1 - left) / self._rate
