"""What all facts have in common: an id, their moments, and how each system may hold them differently."""

from __future__ import annotations

from collections.abc import Set
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
# Dates that say when something holds, not when somebody entered it.
_EFFECTIVE = (
    "due",
    "deemed",
    "starts",
    "ends",
    "expires",
    "final",
    "hired",
    "terminated",
    "leave",
    "discount_ends",
    "uplift_on",
    "uplift_notice_due",
    "retainage_release",
)
Domain = Literal["crm", "psa", "erp", "hr", "expense", "procurement", "bank"]


def _utc(value: Any) -> Any:
    """Read ISO text or a datetime as UTC; a bare date means noon UTC, a naive time is taken as UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, 12)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value


def _exact(value: Any) -> Any:
    """Refuse floats: a YAML 0.1 has already lost its exactness, so scenario files quote their decimals."""
    if isinstance(value, float):
        return Decimal(repr(value))
    return value


Timestamp = Annotated[datetime, BeforeValidator(_utc)]
Exact = Annotated[Decimal, BeforeValidator(_exact)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code")]
Unlinked = Annotated[bool, Field(description="no other system carries this record's id")]


class Fact(BaseModel):
    """Base of all facts. ``updated_at`` is when a system last touched the record; it defaults to the latest event on it."""

    model_config = ConfigDict(extra="forbid")

    id: str
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None
    deleted_at: Timestamp | None = Field(None, description="the record was deleted in its system at this time")
    unknown_to: list[Domain] = Field([], description="the systems of these domains have no record of it")
    known_as: dict[Domain, dict[str, Any]] = Field(
        {}, description="fields that a domain's system holds differently, as in {erp: {name: ACME Incorporated}}"
    )

    @model_validator(mode="after")
    def _known_as_is_valid(self) -> Self:
        for domain in self.known_as:
            self.as_known_to({domain})
        return self

    def as_known_to(self, domains: Set[str]) -> Self:
        """The fact as the system serving ``domains`` holds it; an id is never held differently."""
        changes = {k: v for domain, fields in self.known_as.items() if domain in domains for k, v in fields.items()}
        if not changes:
            return self
        same = {name: getattr(self, name) for name in self.model_fields_set - {"id", "known_as"}}
        return type(self).model_validate({**same, **changes, "id": self.id})

    def last_touched(self, now: datetime) -> datetime:
        """The latest moment this fact carries (its own ``updated_at`` if set), no later than ``now``.

        A fact without any moment is as old as the firm's systems: it must not look changed whenever the clock moves.
        """
        if self.updated_at is not None:
            return self.updated_at
        moments: list[datetime] = []
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, datetime):
                moments.append(value)
            elif isinstance(value, date) and name.endswith(("_on", "_date")) and not name.startswith(_EFFECTIVE):
                moments.append(datetime(value.year, value.month, value.day, 20, tzinfo=UTC))
        return min(max(moments), now) if moments else EPOCH
