"""A drop folder behind SFTP, whose host key is known beforehand: a server with another key is not spoken to."""

from __future__ import annotations

import base64
import hashlib
import io
import posixpath
import socket
import stat
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import paramiko

from ingestion.http.errors import PermanentError, SourceError, TransientError
from ingestion.sources.files.folder import Entry
from ingestion.sources.files.settings import SFTP_ATTEMPTS, SFTP_BACKOFF_SECONDS, SFTP_TIMEOUT_SECONDS

T = TypeVar("T")
_KEY_TYPES = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


class SftpFolder:
    """``root`` on an SFTP server. One connection at a time; a broken one is made anew and the step is repeated.

    ``host_key`` is the server's public key as in known_hosts, ``ssh-ed25519 AAAA...``. Raises PermanentError when it
    or the private key cannot be read.
    """

    def __init__(
        self,
        host: str,
        port: int,
        root: str,
        username: str,
        host_key: str,
        password: str | None = None,
        private_key: str | None = None,
        passphrase: str | None = None,
    ) -> None:
        self._address, self._root, self._username = (host, port), root, username
        self._host_key = _public_key(host_key)
        self._password = password
        self._private_key = _private_key(private_key, passphrase) if private_key else None
        self._session: paramiko.SFTPClient | None = None

    @property
    def _place(self) -> str:
        return f"files: sftp://{self._address[0]}:{self._address[1]}{self._root}"

    def files(self, folder: str) -> list[Entry]:
        return self._repeated(lambda sftp: sorted(self._walk(sftp, folder), key=lambda entry: entry.path))

    def exists(self, folder: str) -> bool:
        def found(sftp: paramiko.SFTPClient) -> bool:
            try:
                return stat.S_ISDIR(sftp.stat(self._absolute(folder)).st_mode or 0)
            except FileNotFoundError:
                return False

        return self._repeated(found)

    def read(self, path: str) -> bytes:
        def whole(sftp: paramiko.SFTPClient) -> bytes:
            buffer = io.BytesIO()
            # Read ahead, a broken connection would also break in a thread of paramiko, where nobody sees it.
            sftp.getfo(self._absolute(path), buffer, prefetch=False)
            return buffer.getvalue()

        return self._repeated(whole)

    def write(self, path: str, content: bytes) -> None:
        def put(sftp: paramiko.SFTPClient) -> None:
            self._make_parents(sftp, path)
            sftp.putfo(io.BytesIO(content), self._absolute(path))

        self._repeated(put)

    def move(self, path: str, target: str) -> None:
        def rename(sftp: paramiko.SFTPClient) -> None:
            self._make_parents(sftp, target)
            source, goal = self._absolute(path), self._absolute(target)
            try:
                sftp.posix_rename(source, goal)
            except FileNotFoundError:
                # Repeated after a connection broke: the rename may have been the last thing that was done.
                sftp.stat(goal)

        self._repeated(rename)

    def close(self) -> None:
        """End the connection; the next step makes a new one."""
        if self._session is not None:
            channel = self._session.get_channel()
            self._session = None
            if channel is not None and channel.get_transport() is not None:
                channel.get_transport().close()

    def _absolute(self, path: str) -> str:
        return posixpath.join(self._root, path)

    def _walk(self, sftp: paramiko.SFTPClient, folder: str) -> list[Entry]:
        try:
            listed = sftp.listdir_attr(self._absolute(folder))
        except FileNotFoundError:
            return []
        found: list[Entry] = []
        for item in listed:
            path, mode = f"{folder}/{item.filename}", item.st_mode or 0
            if stat.S_ISDIR(mode):
                found += self._walk(sftp, path)
            elif stat.S_ISREG(mode):
                found.append(Entry(path, item.st_size or 0, datetime.fromtimestamp(item.st_mtime or 0, UTC)))
        return found

    def _make_parents(self, sftp: paramiko.SFTPClient, path: str) -> None:
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = self._absolute("/".join(parts[:depth]))
            try:
                sftp.stat(folder)
            except FileNotFoundError:
                sftp.mkdir(folder)

    def _repeated(self, step: Callable[[paramiko.SFTPClient], T]) -> T:
        for attempt in range(1, SFTP_ATTEMPTS + 1):
            try:
                return step(self._connected())
            except SourceError:
                raise
            except PermissionError:
                raise PermanentError(
                    f"{self._place}: {self._username} may not do this; grant it reading, writing and renaming there"
                ) from None
            except FileNotFoundError as error:
                raise TransientError(f"{self._place}: a file is gone ({error.filename or error}); run again") from None
            except (OSError, EOFError, paramiko.SSHException) as error:
                self.close()
                if attempt == SFTP_ATTEMPTS:
                    reason = str(error) or type(error).__name__
                    raise TransientError(
                        f"{self._place}: no answer after {attempt} attempts ({reason}); nothing is lost, run again"
                    ) from None
                time.sleep(SFTP_BACKOFF_SECONDS * 2 ** (attempt - 1))
        raise AssertionError("unreachable")

    def _connected(self) -> paramiko.SFTPClient:
        if self._session is None:
            transport = paramiko.Transport(socket.create_connection(self._address, SFTP_TIMEOUT_SECONDS))
            transport.banner_timeout = transport.auth_timeout = SFTP_TIMEOUT_SECONDS
            try:
                self._session = self._authenticated(transport)
            except BaseException:
                transport.close()
                raise
        return self._session

    def _authenticated(self, transport: paramiko.Transport) -> paramiko.SFTPClient:
        kinds = ("rsa-sha2-512", "rsa-sha2-256") if self._host_key.get_name() == "ssh-rsa" else ()
        try:
            # The pinned key decides which kind of key the server is asked to show.
            transport.get_security_options().key_types = kinds or (self._host_key.get_name(),)
            transport.start_client(timeout=SFTP_TIMEOUT_SECONDS)
        except paramiko.SSHException as error:
            if "host key" in str(error) or isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
                raise self._strange_host("a key of another kind") from None
            raise
        shown = transport.get_remote_server_key()
        if shown.asbytes() != self._host_key.asbytes():
            raise self._strange_host(f"SHA256:{_fingerprint(shown)}")
        try:
            if self._private_key is not None:
                transport.auth_publickey(self._username, self._private_key)
            else:
                transport.auth_password(self._username, self._password or "")
        except paramiko.AuthenticationException:
            raise PermanentError(
                f"{self._place}: {self._username} was not let in; check username and password or private_key"
            ) from None
        session = paramiko.SFTPClient.from_transport(transport)
        assert session is not None
        channel = session.get_channel()
        if channel is not None:
            channel.settimeout(SFTP_TIMEOUT_SECONDS)
        return session

    def _strange_host(self, shown: str) -> PermanentError:
        return PermanentError(
            f"{self._place}: the server shows {shown} instead of the pinned host key SHA256:"
            f"{_fingerprint(self._host_key)}; nothing was sent, ask its operator before you change host_key"
        )


def _fingerprint(key: paramiko.PKey) -> str:
    return base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")


def _public_key(text: str) -> paramiko.PKey:
    parts = text.split()
    try:
        kind = next(i for i, part in enumerate(parts) if part.startswith(("ssh-", "ecdsa-")))
        return paramiko.PKey.from_type_string(parts[kind], base64.b64decode(parts[kind + 1], validate=True))
    except (StopIteration, IndexError, ValueError, paramiko.SSHException):
        raise PermanentError(
            "files: host_key is not a public key; give it as in known_hosts, ssh-ed25519 AAAA..."
        ) from None


def _private_key(text: str, passphrase: str | None) -> paramiko.PKey:
    for kind in _KEY_TYPES:
        try:
            return kind.from_private_key(io.StringIO(text.replace("\\n", "\n")), passphrase)
        except (paramiko.SSHException, ValueError, IndexError):
            continue
    raise PermanentError("files: private_key is not a readable Ed25519, ECDSA or RSA key, or its passphrase is wrong")
