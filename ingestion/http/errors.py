"""Errors of a source, in one sentence each: what failed, which system and record, what to do."""


class SourceError(Exception):
    """A source could not be read. The message is shown to people as it is and never contains a secret."""


class PermanentError(SourceError):
    """Trying again cannot help: wrong credentials, missing permission, malformed request."""


class NotFoundError(PermanentError):
    """The vendor says that the one thing asked for does not exist (404)."""


class TransientError(SourceError):
    """The vendor did not answer properly after all bounded retries; a later run may succeed."""
