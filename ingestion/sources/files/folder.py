"""A drop folder as the client uses it, and the one that is a folder of this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol

import msgspec

from ingestion.archive.tape import is_replay, kept
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


class ArchivedFolder:
    """What ``find`` gives, by way of the archive of the running load; a replay neither finds nor changes anything."""

    def __init__(self, find: Callable[[], Folder]) -> None:
        self._find = find

    @cached_property
    def _folder(self) -> Folder:
        return self._find()

    def files(self, folder: str) -> list[Entry]:
        listed = kept("LIST", folder, lambda: msgspec.json.encode(self._folder.files(folder)))
        return msgspec.json.decode(listed, type=list[Entry])

    def exists(self, folder: str) -> bool:
        found = kept("EXISTS", folder, lambda: msgspec.json.encode(self._folder.exists(folder)))
        return msgspec.json.decode(found, type=bool)

    def read(self, path: str) -> bytes:
        return kept("READ", path, lambda: self._folder.read(path))

    def write(self, path: str, content: bytes) -> None:
        if not is_replay():
            self._folder.write(path, content)

    def move(self, path: str, target: str) -> None:
        if not is_replay():
            self._folder.move(path, target)

    def close(self) -> None:
        if not is_replay():
            self._folder.close()
