"""The contents of an archive: one zstd file per content, named by the SHA-256 of the file, as ``sha256sum`` prints it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pyarrow as pa

from ingestion.archive.store import Store

# The fastest level that still takes vendors' JSON to a tenth of its size.
_codec = pa.Codec("zstd", 1)


class BlobError(Exception):
    """A content is not in the archive as it was put there; the message says what is wrong with it."""


class Blobs:
    """The contents that one system sent."""

    def __init__(self, store: Store, system: str) -> None:
        self._store, self._system = store, system

    def put(self, content: bytes) -> str:
        """Keep ``content``; returns the name to get it by. What was kept before is not written again."""
        packed = _codec.compress(content, asbytes=True)
        name = hashlib.sha256(packed).hexdigest()
        if not self._store.exists(self._path(name)):
            self._store.write(self._path(name), packed)
        return name

    def get(self, name: str, size: int) -> bytes:
        """The content of ``size`` bytes; raises BlobError when it is missing or is not what its name says."""
        return bytes(_codec.decompress(self.checked(name), size, asbytes=True))

    def checked(self, name: str) -> bytes:
        """The file as it lies there, when it is what its name says; raises BlobError."""
        try:
            packed = self._store.read(self._path(name))
        except FileNotFoundError:
            raise BlobError("its content is missing") from None
        if hashlib.sha256(packed).hexdigest() != name:
            raise BlobError("its content was changed")
        return packed

    def names(self) -> Iterator[str]:
        """The names of all contents that lie there."""
        for folder in self._store.names(f"{self._system}/blobs"):
            for name in self._store.names(f"{self._system}/blobs/{folder}"):
                yield name.removesuffix(".zst")

    def delete(self, name: str) -> None:
        """Forget a content for good."""
        self._store.delete(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._system}/blobs/{name[:2]}/{name}.zst"
