"""News of a long step while it runs: Dagster tells of an asset only when its whole step hands it over.

dbt builds hundreds of models in one step, and their row counts can be read only when dbt has let go of the warehouse.
Whoever runs the job in this process can listen meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Listener = Callable[[tuple[str, ...]], None]
_listeners: list[Listener] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call ``listener`` with the asset key's path of every asset that is built in this process in the meantime."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def announce(path: tuple[str, ...]) -> None:
    """Tell the listeners that the asset with this key path is built."""
    for listener in _listeners:
        listener(path)
