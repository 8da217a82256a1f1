"""SAP Concur as its Expense v3 API shows it: reports, entries, itemizations, allocations and users.

Documented quirks that are kept: absolute ``NextPage`` addresses, naive datetimes without trailing zeros, percentages
as text, amounts that an itemized entry repeats from its itemizations, no modification filter on entries, and no trace
of what was deleted. An expense is shown, depending on its id alone, as a plain entry, as the single itemization of an
entry, as an entry with one full allocation, or as an entry with a hidden system allocation.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ingestion.sandbox.facts import Expense, Facts, Resource
from ingestion.sandbox.systems.concur.lookup import Lookup
from ingestion.sandbox.systems.concur.values import custom, customs, list_item, moment, naive, noon
from ingestion.sandbox.world import VendorSystem, World, bearer, json_response, stable_number

CLIENT_ID = "concur-client"
CLIENT_SECRET = "concur-secret"
REFRESH_TOKEN = "concur-refresh-0"
LEGACY_HOST = "https://www.concursolutions.com"  # v3 names records by this host, wherever the company lives
SHAPES = 8  # one expense in so many is itemized, one allocated, one allocated by the system, the others are plain
DEFAULT_LIMIT, MAX_LIMIT = 25, 100
APPROVAL = {
    "draft": ("A_NOTF", "Not Submitted"),
    "submitted": ("A_PEND", "Submitted & Pending Approval"),
    "approved": ("A_APPR", "Approved"),
    "rejected": ("A_RESU", "Sent Back to Employee"),
}
PAYMENT = {"P_NOTP": "Not Paid", "P_PROC": "Processing Payment", "P_PAID": "Paid"}
# An itemization has no currency, merchant or image of its own: those are its entry's.
ENTRY_FIELDS = frozenset(
    {"TransactionCurrencyCode", "ExchangeRate", "HasItemizations", "HasImage", "VendorDescription"}
)
OWNER_FIELD = {"reports": "OwnerLoginID", "entries": "ReportOwnerID", "itemizations": "ReportOwnerID"}
SERVED = {  # object: exact-match query parameters
    "reports": {"currencyCode": "CurrencyCode"},
    "entries": {"reportID": "ReportID", "expenseTypeCode": "ExpenseTypeCode"},
    "itemizations": {"reportID": "ReportID", "entryID": "EntryID", "expenseTypeCode": "ExpenseTypeCode"},
    "allocations": {"entryID": "EntryID"},
    "users": {"loginID": "LoginID", "employeeID": "EmployeeID", "primaryEmail": "PrimaryEmail"},
}


class System(VendorSystem):
    """The Concur stand-in; serves the expense domain."""

    name = "concur"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._issued = 0
        self._answers = 0
        self._known = Lookup(Facts())
        self._known_version = 0
        self._access: set[str] = set()
        self._refresh = {REFRESH_TOKEN}

    def external_id(self, kind: str, fact_id: str) -> str:
        """20 hexadecimal characters, as v3 ids look; people are known by their login."""
        if kind == "resources":
            return self._login(fact_id)
        return f"{stable_number(self.name, kind, fact_id, bits=64):016X}{stable_number(fact_id, kind, bits=16):04X}"

    def credentials(self, base_url: str) -> dict[str, str]:
        """Settings of the real source for this stand-in."""
        return {
            "SOURCES__CONCUR__BASE_URL": base_url,
            "SOURCES__CONCUR__CLIENT_ID": CLIENT_ID,
            "SOURCES__CONCUR__CLIENT_SECRET": CLIENT_SECRET,
            "SOURCES__CONCUR__REFRESH_TOKEN": REFRESH_TOKEN,
        }

    def expire_tokens(self) -> None:
        """End all access tokens; refresh tokens live for months and stay."""
        self._access.clear()

    def rate_limited(self) -> Response:
        """429 as documented, with the ``retry-after: 0`` that a client must not take literally."""
        error = {"id": "security.rate.limit.reached", "message": "Too many requests"}
        body = {"timestamp": naive(self.now), "httpStatus": "429 - Too Many Requests", "error": error}
        return json_response(body, 429, {"retry-after": "0", **self._correlation()})

    def routes(self) -> list[BaseRoute]:
        """Token endpoint, the v3 lists and the single report."""
        v3 = "/api/v3.0"
        return [
            Route("/oauth2/v0/token", self._token, methods=["POST"]),
            *[Route(f"{v3}/expense/{n}", self._list(n)) for n in ("reports", "entries", "itemizations", "allocations")],
            Route(f"{v3}/expense/reports/{{report_id}}", self._report),
            Route(f"{v3}/common/users", self._list("users")),
        ]

    # --- records

    def build_tables(self) -> dict[str, list[dict[str, Any]]]:
        """All v3 records; allocations carry ``_ReportID``, which is used for filtering and never sent."""
        tables: dict[str, list[dict[str, Any]]] = {"users": [self._user(r) for r in self.facts("resources")]}
        groups: dict[tuple[Any, ...], list[Expense]] = defaultdict(list)
        for expense in self.facts("expenses"):
            if expense.deleted_at is None or expense.deleted_at > self.now:
                groups[self._report_key(expense)].append(expense)
        tables |= {"reports": [], "entries": [], "itemizations": [], "allocations": []}
        for expenses in groups.values():
            self._add_report(tables, sorted(expenses, key=lambda e: e.id))
        return tables

    def _report_key(self, expense: Expense) -> tuple[Any, ...]:
        """Expenses that can share a report: what the report's header says is true of each of them."""
        decided = expense.approved_at or self.touched(expense)
        return (
            expense.resource,
            f"{expense.spent_on:%Y-%m}",
            expense.status,
            expense.rejected_at,
            expense.rejected_reason,
            expense.submitted_at,
            decided if expense.status == "approved" else None,
            expense.paid_at,
            self._report_currency(expense),
        )

    def _add_report(self, tables: dict[str, list[dict[str, Any]]], expenses: list[Expense]) -> None:
        first = expenses[0]
        report = self._header(first, expenses)
        tables["reports"].append(report)
        for expense in expenses:
            core = self._core(expense, report)
            shape = stable_number("shape", expense.id) % SHAPES
            if shape == 0:
                parent = self.external_id("itemized_entries", expense.id)
                part = {k: v for k, v in core.items() if k not in ENTRY_FIELDS}
                tables["itemizations"].append({**part, "EntryID": parent, "AllocationType": "N"})
                core = {**core, "ID": parent, "HasItemizations": True, **dict.fromkeys(customs(4))}
            elif shape == 1:
                tables["allocations"].append(self._allocation(expense, core, hidden=False))
                core = {**core, "AllocationType": "F", "Custom1": None}
            elif shape == 2:
                tables["allocations"].append(self._allocation(expense, core, hidden=True))
            tables["entries"].append(core)

    def _header(self, first: Expense, expenses: list[Expense]) -> dict[str, Any]:
        approval, approval_name = APPROVAL[first.status]
        approved = first.status == "approved"
        processed = first.approved_at if approved else None
        payment = "P_PAID" if first.paid_at else "P_PROC" if processed else "P_NOTP"
        posted = [self._posted(e) for e in expenses]
        total = sum(posted, Decimal(0))
        login = self._login(first.resource)
        return {
            "ID": self.external_id("reports", first.id),
            "Name": f"Expenses {first.spent_on:%Y-%m}",
            "Total": total,
            "CurrencyCode": self._report_currency(first),
            "Country": "US",
            "CreateDate": naive(min(e.created_at or noon(e.spent_on) for e in expenses)),
            "SubmitDate": naive(first.submitted_at),
            "ProcessingPaymentDate": naive(processed),
            "PaidDate": naive(first.paid_at),
            "LastModifiedDate": naive(max(self.touched(e) for e in expenses)),
            "OwnerLoginID": login,
            "OwnerName": self._name(first.resource),
            "ApprovalStatusCode": approval,
            "ApprovalStatusName": approval_name,
            "PaymentStatusCode": payment,
            "PaymentStatusName": PAYMENT[payment],
            "TotalClaimedAmount": total,
            "TotalApprovedAmount": total if approved else Decimal(0),
            "PersonalAmount": Decimal(0),
            "ReceiptsReceived": True,
            "EverSentBack": first.status == "rejected" or first.rejected_at is not None,
            "HasException": False,
            "LastComment": first.rejected_reason,
            "LedgerName": "DEFAULT",
            "PolicyID": "POLICY1",
            **dict.fromkeys(customs(4)),
            # The last sending back: when, noted by the company's workflow, and the reason that the approver picked.
            "Custom19": custom("Text", naive(first.rejected_at)),
            "Custom20": self._reason_field(first.rejected_reason),
        }

    def _core(self, expense: Expense, report: Mapping[str, Any]) -> dict[str, Any]:
        """What an entry and an itemization have in common."""
        posted = self._posted(expense)
        return {
            "ID": self.external_id("expenses", expense.id),
            "ReportID": report["ID"],
            "ReportOwnerID": report["OwnerLoginID"],
            "ExpenseTypeCode": expense.category.upper().replace(" ", "")[:5],
            "ExpenseTypeName": expense.category,
            "TransactionDate": f"{expense.spent_on}T00:00:00",
            "TransactionAmount": expense.amount,
            "TransactionCurrencyCode": expense.currency,
            "ExchangeRate": self._rate(expense) or Decimal(1),
            "PostedAmount": posted,
            "ApprovedAmount": posted,
            "IsBillable": expense.is_billable,
            "IsPersonal": False,
            "HasItemizations": False,
            "AllocationType": "N",
            "HasExceptions": False,
            "HasImage": expense.receipt_hash is not None,
            "VendorDescription": expense.merchant or None,
            "LastModified": naive(self.touched(expense)),
            "Custom1": self._project_field(expense),
            "Custom2": custom("Amount", str(expense.tax_amount)),
            "Custom3": custom("Amount", str(expense.recoverable_tax_amount)),
            "Custom4": custom("Text", expense.receipt_hash),
        }

    def _allocation(self, expense: Expense, core: Mapping[str, Any], *, hidden: bool) -> dict[str, Any]:
        project = core["Custom1"]
        return {
            "ID": self.external_id("allocations", expense.id),
            "EntryID": core["ID"],
            "Percentage": "100.00000000",
            "AccountCode1": "6100",
            "AccountCode2": None,
            "IsHidden": hidden,
            "IsPercentEdited": False,
            # On an allocation a custom field also says what it is called and where it stands.
            "Custom1": None if hidden or not project else {**project, "Label": "Project", "Sequence": 1},
            "_ReportID": core["ReportID"],
        }

    def _user(self, person: Resource) -> dict[str, Any]:
        given, _, family = person.name.partition(" ")
        return {
            "LoginID": self._login(person.id),
            "EmployeeID": str(stable_number("employee", person.id, bits=24)),
            "PrimaryEmail": person.email,
            "Active": person.deleted_at is None or person.deleted_at > self.now,
            "FirstName": given,
            "MiddleName": None,
            "LastName": family,
            "OrganizationUnit": person.legal_entity,
        }

    def _project_field(self, expense: Expense) -> dict[str, Any] | None:
        project = self._lookup.projects.get(expense.project or "")
        if project is None:
            return None
        return list_item(project.name, project.code)

    def _reason_field(self, reason: str | None) -> dict[str, Any] | None:
        return list_item(reason.replace("_", " ").capitalize(), reason) if reason else None

    @property
    def _lookup(self) -> Lookup:
        if self._known_version != self.world.version:
            self._known, self._known_version = Lookup(self.world.facts), self.world.version
        return self._known

    def _login(self, resource_id: str) -> str:
        person = self._lookup.people.get(resource_id)
        return person.email if person else f"{resource_id.lower()}@firm.example"

    def _name(self, resource_id: str) -> str:
        person = self._lookup.people.get(resource_id)
        return person.name if person else resource_id

    def _report_currency(self, expense: Expense) -> str:
        """The currency of the employee's company, or the expense's own where no exchange rate is known."""
        home = self._lookup.home_currency(expense.resource)
        return home if home and self._rate(expense) is not None else expense.currency

    def _rate(self, expense: Expense) -> Decimal | None:
        """How much report currency one unit of the expense's currency bought on its day."""
        home = self._lookup.home_currency(expense.resource)
        return self._lookup.rate(expense.currency, home, expense.spent_on) if home else None

    def _posted(self, expense: Expense) -> Decimal:
        return (expense.amount * (self._rate(expense) or 1)).quantize(Decimal("0.01"))

    # --- protocol

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if form.get("client_id") != CLIENT_ID:
            return self._token_error(request, 401, 61, "invalid_client", "client not found")
        if form.get("client_secret") != CLIENT_SECRET:
            return self._token_error(request, 401, 61, "invalid_client", "incorrect client credentials")
        if form.get("grant_type") != "refresh_token":
            return self._token_error(request, 400, 51, "unsupported_grant_type", "grant_type is not supported")
        if form.get("refresh_token") not in self._refresh:
            return self._token_error(request, 400, 108, "invalid_grant", "bad or expired refresh token")
        self._issued += 1
        access, refresh = f"concur-access-{self._issued}", f"concur-refresh-{self._issued}"
        self._access.add(access)
        # Each refresh token is used once; the one handed out to the customer keeps working, as a fresh grant would.
        self._refresh = {REFRESH_TOKEN, refresh}
        body = {
            "expires_in": "3600",
            "scope": "EXPRPT USER",
            "token_type": "Bearer",
            "access_token": access,
            "refresh_token": refresh,
            "geolocation": _base(request),
        }
        return json_response(body, headers=self._correlation())

    def _token_error(self, request: Request, status: int, code: int, error: str, text: str) -> Response:
        body = {"code": code, "error": error, "error_description": text, "geolocation": _base(request)}
        return json_response(body, status, self._correlation())

    def _refusal(self, request: Request) -> Response | None:
        """401 without any token, 403 with one that is not valid."""
        token = bearer(request)
        if token is None:
            return self._error(401, "Missing authorization header")
        return None if token in self._access else self._error(403, "Access token is invalid or has expired")

    def _list(self, name: str) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            return self._refusal(request) or self._page(request, name)

        return answer

    def _page(self, request: Request, name: str) -> Response:
        query = dict(request.query_params)
        try:
            limit = int(query.get("limit", DEFAULT_LIMIT))
            start = _offset(query.get("offset"))
            rows = self._matching(name, query)
        except ValueError:
            return self._error(400, "A query parameter is not valid")
        if not 1 <= limit <= MAX_LIMIT:
            return self._error(400, f"limit must be between 1 and {MAX_LIMIT}")
        end = start + limit
        following = None
        if end < len(rows):
            query |= {"limit": str(limit), "offset": urlsafe_b64encode(f"v3:{end}".encode()).decode()}
            following = f"{request.url.replace(query=urlencode(query))}"
        items = [self._shown(r, name) for r in rows[start:end]]
        return json_response({"Items": items, "NextPage": following}, headers=self._correlation())

    def _matching(self, name: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        rows = self.tables()[name]
        if (owner := OWNER_FIELD.get(name)) and query.get("user") != "ALL":
            # Without ALL the list is that of one person: the one named, or the token's owner, who files no expenses.
            rows = [r for r in rows if r.get(owner) == query.get("user")]
        for parameter, field in SERVED[name].items():
            if parameter in query:
                rows = [r for r in rows if r.get(field) == query[parameter]]
        if name == "allocations" and "reportID" in query:
            rows = [r for r in rows if r["_ReportID"] == query["reportID"]]
        if name == "users" and "active" in query:
            rows = [r for r in rows if r.get("Active") is (query["active"].lower() == "true")]
        if name == "reports":
            rows = _filter_reports(rows, query)
        return rows

    async def _report(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        user = request.query_params.get("user")
        if user == "ALL":
            return self._error(400, "user=ALL is not supported for a single report")
        for row in self.tables()["reports"]:
            if row.get("ID") == request.path_params["report_id"] and row.get("OwnerLoginID") == user:
                return json_response(self._shown(row, "reports"), headers=self._correlation())
        return self._error(404, "The report was not found")

    def _shown(self, row: Mapping[str, Any], name: str) -> dict[str, Any]:
        sent = {k: v for k, v in row.items() if not k.startswith("_")}
        if name != "users" and "ID" in row:
            sent["URI"] = f"{LEGACY_HOST}/api/v3.0/expense/{name}/{row['ID']}"
        return sent

    def _error(self, status: int, message: str) -> Response:
        headers = self._correlation()
        error = {"Message": message, "Server-Time": naive(self.now), "Id": headers["concur-correlationid"]}
        return json_response({"Message": message, "Error": error}, status, headers)

    def _correlation(self) -> dict[str, str]:
        self._answers += 1
        return {"concur-correlationid": str(UUID(int=stable_number("correlation", str(self._answers), bits=63)))}


def _filter_reports(rows: list[dict[str, Any]], query: Mapping[str, str]) -> list[dict[str, Any]]:
    for parameter, field in (("approvalStatusCode", "ApprovalStatusCode"), ("paymentStatusCode", "PaymentStatusCode")):
        if parameter in query:
            wanted = set(query[parameter].split(","))
            rows = [r for r in rows if r.get(field) in wanted]
    if "modifiedDateAfter" in query:
        after = moment(query["modifiedDateAfter"])
        rows = [r for r in rows if moment(r["LastModifiedDate"]) > after]
    if "modifiedDateBefore" in query:
        before = moment(query["modifiedDateBefore"])
        rows = [r for r in rows if moment(r["LastModifiedDate"]) < before]
    return rows


def _base(request: Request) -> str:
    """The stand-in's own address: what it calls its geolocation."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}"


def _offset(token: str | None) -> int:
    return int(urlsafe_b64decode(token).decode().removeprefix("v3:")) if token else 0
