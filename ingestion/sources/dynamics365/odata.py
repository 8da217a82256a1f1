"""One OData service: its resource's token, and pages as the service links them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import msgspec
import requests

from ingestion.http.auth import request_token
from ingestion.http.errors import PermanentError
from ingestion.http.session import RefreshableAuth, VendorSession


class Answer(msgspec.Struct):
    """One page. ``next_link`` and ``delta_link`` are followed as they are."""

    value: list[msgspec.Raw]
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")
    delta_link: str | None = msgspec.field(default=None, name="@odata.deltaLink")
    count: int | None = msgspec.field(default=None, name="@odata.count")


class Service:
    """Requests to the OData service at ``url``, authorised for the resource ``resource``."""

    def __init__(
        self,
        url: str,
        resource: str,
        token_url: str,
        client_id: str,
        client_secret: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": f"{resource}/.default",
        }

        def fetch_token() -> tuple[str, float | None]:
            answer = request_token("dynamics365", token_url, form)
            return str(answer["access_token"]), float(answer.get("expires_in", 3599))

        self._http = VendorSession(
            "dynamics365",
            RefreshableAuth(fetch_token),
            headers={"Accept": "application/json", "OData-Version": "4.0", "OData-MaxVersion": "4.0"},
            describe=_described,
            sleep=sleep,
        )

    def server_time(self) -> datetime:
        """The service's clock (UTC), from its latest answer."""
        return self._http.server_time(f"{self.url}/")

    def page(self, url: str, params: Mapping[str, str] | None = None, prefer: str = "") -> Answer:
        """One page of ``url``, which is below the service or one of its own links."""
        headers = {"Prefer": prefer} if prefer else {}
        answer: Answer = self._http.json("GET", url, Answer, params=dict(params or {}), headers=headers)
        return answer

    def pages(self, first: Answer, prefer: str = "") -> Iterator[Answer]:
        """``first`` and the pages that follow it; raises PermanentError when they lead nowhere."""
        answer, link = first, ""
        while True:
            yield answer
            if not answer.next_link:
                return
            if answer.next_link == link:
                raise PermanentError(
                    f"dynamics365: the pages of {link.split('?', 1)[0]} do not move on, so they could not be read to their "
                    "end; check that the records carry their key"
                )
            link = answer.next_link
            answer = self.page(link, prefer=prefer)


def literal(moment: datetime) -> str:
    """A time in a filter: unquoted, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _described(response: requests.Response) -> str:
    """The error's code and words; Finance puts what is wrong into an inner error."""
    error = response.json()["error"]
    inner = error.get("innererror", {}).get("message")
    return ": ".join(filter(None, (error.get("code"), inner or error["message"])))
