"""Errors of a source, in one sentence each: what failed, which system and record, what to do.

A permanent error concerns the one object that was being read; one of credentials, and a transient one that outlasts its
retries, concern the whole system.
"""

from collections.abc import Mapping


class SourceError(Exception):
    """A source could not be read. The message is shown to people as it is and never contains a secret."""


class PermanentError(SourceError):
    """Trying again cannot help: wrong credentials, missing permission, malformed request."""


class CredentialsError(PermanentError):
    """The vendor refuses whoever asks, or who asks is not configured: nothing of the system can be read.

    Asking on for its other objects might lock the user.
    """


class NotFoundError(PermanentError):
    """The vendor says that the one thing asked for does not exist (404)."""


class PartialLoadError(PermanentError):
    """Some objects of a system could not be read, the others are loaded; ``failures`` has a sentence per object."""

    def __init__(self, system: str, failures: Mapping[str, str], objects: int) -> None:
        self.failures = dict(failures)
        told = "; ".join(f"{name} ({sentence})" for name, sentence in self.failures.items())
        super().__init__(
            f"{system}: {len(self.failures)} of {objects} objects could not be read, the others are loaded: {told}"
        )


class TransientError(SourceError):
    """The vendor did not answer properly after all bounded retries; a later run may succeed."""
