"""The gateway as a process: uvicorn on one port, until it is told to end."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Callable, Sequence

import uvicorn
from starlette.routing import BaseRoute

from ingestion.config import ConfigurationError
from ingestion.sources.events.gateway import Gateway, Limits
from ingestion.sources.events.senders import configured_receivers
from ingestion.sources.events.settings import configured_inbox, event_settings

# Requests that were being answered when the process is told to end get this long.
GRACE_SECONDS = 20
# Connections beyond what the gateway answers in words; the rest of a flood is turned away by the server itself.
MAX_CONNECTIONS = 1_024


def serve(host: str, port: int, say: Callable[[str], None], more: Sequence[BaseRoute] = ()) -> None:
    """Serve the configured senders on ``host``:``port`` (0 = a free one) until SIGINT or SIGTERM.

    ``more`` are routes of the caller that are served beside them; without any, there must be a sender.
    What was accepted by then is stored and answered before it returns. Raises ConfigurationError, CredentialsError or
    InboxError when it cannot start.
    """
    conf = event_settings()
    receivers = configured_receivers(conf, may_be_none=bool(more))
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with _listening(host, port) as listener:
        address = f"http://{host}:{listener.getsockname()[1]}"
        limits = Limits(body_bytes=conf.max_body_bytes, requests_per_second=conf.requests_per_second)
        gateway = Gateway(receivers, configured_inbox(), conf.public_url or address, limits)
        say(f"listening on {address}")
        if receivers:
            say(
                f"senders call {conf.public_url or address}/events/<sender>, which may be: {', '.join(sorted(receivers))}"
            )
        # No access log: some senders put their key into the address.
        config = uvicorn.Config(
            gateway.app(more),
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            limit_concurrency=MAX_CONNECTIONS,
        )
        # Uvicorn raises the signal again once everything is answered and closed: the end it asked for is no failure.
        previous = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            signal.signal(signal.SIGTERM, previous)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches Nagle's algorithm off; without, every answer waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"events: {host}:{port} cannot be listened on ({error.strerror}); choose another --host or --port"
        ) from None
    return listener
