"""Where an archive lies: files that are written whole and never changed, on this machine or on any fsspec filesystem."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit


class Store(Protocol):
    """Files below one address. Paths are relative to it, with ``/``; errors are those of ``open``."""

    def write(self, path: str, content: bytes) -> None:
        """Put the file there as a whole: nobody ever sees half of it."""

    def settle(self) -> None:
        """Return when everything written so far outlives a power failure."""

    def read(self, path: str) -> bytes:
        """The content; raises FileNotFoundError."""

    def exists(self, path: str) -> bool: ...

    def names(self, folder: str) -> list[str]:
        """The names of what lies directly in ``folder``, sorted; none when it does not exist."""

    def delete(self, path: str) -> None:
        """Remove the file, if it is there."""


class LocalStore:
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._unsettled: list[Path] = []

    @classmethod
    def at(cls, address: str) -> LocalStore:
        """The folder at a path or a ``file://`` address."""
        return cls(Path(unquote(urlsplit(address).path) if address.startswith("file:") else address).absolute())

    def write(self, path: str, content: bytes) -> None:
        place = self._root / path
        unfinished = place.with_name(f".{place.name}.{os.getpid()}")
        try:
            unfinished.write_bytes(content)
        except FileNotFoundError:
            place.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(content)
        os.replace(unfinished, place)
        self._unsettled.append(place)

    def settle(self) -> None:
        folders = {place.parent for place in self._unsettled}
        for place in (*self._unsettled, *folders):
            descriptor = os.open(place, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        self._unsettled.clear()

    def read(self, path: str) -> bytes:
        return (self._root / path).read_bytes()

    def exists(self, path: str) -> bool:
        return (self._root / path).exists()

    def names(self, folder: str) -> list[str]:
        try:
            return sorted(name for name in os.listdir(self._root / folder) if not name.startswith("."))
        except FileNotFoundError:
            return []

    def delete(self, path: str) -> None:
        (self._root / path).unlink(missing_ok=True)


class FsspecStore:
    """``root`` on an fsspec filesystem: an object store, whose files appear as a whole and are safe when written."""

    def __init__(self, filesystem: Any, root: str) -> None:
        self._files, self._root = filesystem, root.rstrip("/")

    def write(self, path: str, content: bytes) -> None:
        self._files.pipe_file(f"{self._root}/{path}", content)

    def settle(self) -> None:
        """Nothing waits."""

    def read(self, path: str) -> bytes:
        found: bytes = self._files.cat_file(f"{self._root}/{path}")
        return found

    def exists(self, path: str) -> bool:
        return bool(self._files.exists(f"{self._root}/{path}"))

    def names(self, folder: str) -> list[str]:
        # A listing that was remembered would not show what another process has written.
        self._files.invalidate_cache()
        try:
            found = self._files.ls(f"{self._root}/{folder}", detail=False)
        except FileNotFoundError:
            return []
        return sorted(str(path).rstrip("/").rpartition("/")[2] for path in found)

    def delete(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self._files.rm_file(f"{self._root}/{path}")
