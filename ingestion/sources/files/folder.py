"""A drop folder as the client uses it, and the one that is a folder of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from ingestion.http.errors import PermanentError


@dataclass(frozen=True)
class Entry:
    """A file of the drop folder: its path below the folder with ``/``, size in bytes and time of its last change."""

    path: str
    size: int
    modified_at: datetime

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


class Folder(Protocol):
    """Where files are dropped. Paths are relative to the folder; folders in between are made when needed."""

    def files(self, folder: str) -> list[Entry]:
        """All files at and below ``folder``, none when it does not exist."""

    def exists(self, folder: str) -> bool: ...

    def read(self, path: str) -> bytes: ...

    def write(self, path: str, content: bytes) -> None: ...

    def move(self, path: str, target: str) -> None:
        """Rename in one step; what is at ``target`` is replaced."""

    def close(self) -> None:
        """The run is through with the folder for now."""


class LocalFolder:
    """A folder of this machine, or one that is mounted. Raises PermanentError when it does not exist."""

    def __init__(self, root: Path) -> None:
        self._root = root
        if not root.is_dir():
            raise PermanentError(f"files: the drop folder {root} does not exist; correct location or create it")

    def files(self, folder: str) -> list[Entry]:
        return sorted(self._walk(self._root / folder), key=lambda entry: entry.path)

    def exists(self, folder: str) -> bool:
        return (self._root / folder).is_dir()

    def read(self, path: str) -> bytes:
        return (self._root / path).read_bytes()

    def write(self, path: str, content: bytes) -> None:
        self._place(path).write_bytes(content)

    def move(self, path: str, target: str) -> None:
        os.replace(self._root / path, self._place(target))

    def close(self) -> None:
        """Nothing is held."""

    def _place(self, path: str) -> Path:
        place = self._root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def _walk(self, folder: Path) -> Iterator[Entry]:
        for path in folder.rglob("*"):
            # A link could lead out of the folder.
            if path.is_file() and not path.is_symlink():
                stat = path.stat()
                modified = datetime.fromtimestamp(stat.st_mtime, UTC)
                yield Entry(path.relative_to(self._root).as_posix(), stat.st_size, modified)
