"""ISO 20022 bank statements (camt.053) of any version: elements are found by name, whatever their namespace.

One record per booked or pending entry, or per detail of a batch booking, or per document that a remittance settles with
an amount of its own. Parsed without DTDs and entities: the files come from outside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ingestion.sources.files.feed import Feed, Refused
from ingestion.sources.files.rows import Content, Row

_OPENING, _CLOSING, _INTERIM = ("OPBD", "PRCD"), ("CLBD",), ("ITBD",)
# What banks write where there is no reference.
_NO_REFERENCE = {"NONREF", "NOTPROVIDED", "NOT PROVIDED", "NONE"}


def read(feed: Feed, content: bytes) -> Content:
    """The entries of all statements; raises Refused when a statement does not add up or is none."""
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Refused(f"not readable XML ({str(error).splitlines()[0]})") from None
    message = next(iter(root), root)
    if _name(message) != "BkToCstmrStmt":
        raise Refused(f"{_name(message)} is no end-of-day statement (BkToCstmrStmt): intraday reports are not posted")
    found = Content(stamp=_moment(_text(message, "GrpHdr/CreDtTm")))
    statements = list(_all(message, "Stmt"))
    if not statements:
        raise Refused("the message holds no statement")
    for statement in statements:
        for fields in _statement(statement):
            found.rows.append(Row(len(found.rows) + 1, fields))
    return found


def _statement(statement: Element) -> Iterator[dict[str, Any]]:
    account = _text(statement, "Acct/Id/IBAN") or _text(statement, "Acct/Id/Othr/Id")
    statement_id = _text(statement, "Id")
    if not account or not statement_id:
        raise Refused("a statement has no account or no id")
    entries = list(_all(statement, "Ntry"))
    _check_balances(statement, statement_id, entries)
    references = Counter(map(_reference, entries))
    created = _moment(_text(statement, "CreDtTm"))
    for position, entry in enumerate(entries, 1):
        own = _reference(entry)
        common = {
            "account": account,
            # A reference that the bank repeats within a statement tells nothing apart.
            "entry_ref": own if own and references[own] == 1 else f"{statement_id}/{position}",
            "statement_id": statement_id,
            "created_at": created.isoformat() if created else None,
            "status": _status(entry),
            "booking_date": _day(entry, "BookgDt"),
            "value_date": _day(entry, "ValDt"),
        }
        for number, detail in enumerate(_details(entry), 1):
            yield common | {"detail_number": str(number)} | detail


def _details(entry: Element) -> list[dict[str, Any]]:
    """The details of an entry when they add up to it, else the entry as a whole."""
    total, currency = _amount(entry)
    details = list(_all(entry, "NtryDtls/TxDtls"))
    side = _text(entry, "CdtDbtInd") or ""
    amounts = [_detail_amount(detail, currency, side) for detail in details]
    whole = _fields(entry, details[0] if len(details) == 1 else None, total, currency)
    if len(details) > 1:
        if None in amounts or sum(a for a in amounts if a is not None) != total:
            texts = [text for detail in details for text in _remittance(detail)]
            return [whole | {"remittance_text": " ".join(texts) or None}]
        return [
            part
            for detail, amount in zip(details, amounts, strict=True)
            if amount is not None
            for part in _documents(_fields(entry, detail, amount, currency), detail, amount)
        ]
    return _documents(whole, details[0], total) if details else [whole]


def _documents(fields: dict[str, Any], detail: Element, amount: Decimal) -> list[dict[str, Any]]:
    """One record per document when the remittance says how much of the amount each one gets."""
    parts = []
    for structured in _all(detail, "RmtInf/Strd"):
        number = _text(structured, "RfrdDocInf/Nb")
        remitted = _number(_text(structured, "RfrdDocAmt/RmtdAmt"))
        credited = _number(_text(structured, "RfrdDocAmt/CdtNoteAmt"))
        if number and (remitted is not None or credited is not None):
            parts.append((number, (remitted or Decimal(0)) - (credited or Decimal(0))))
    numbers = {n for s in _all(detail, "RmtInf/Strd") if (n := _text(s, "RfrdDocInf/Nb"))}
    if len(parts) > 1 and len(parts) == len(list(_all(detail, "RmtInf/Strd"))):
        sign = 1 if amount >= 0 else -1
        if sum(part for _, part in parts) == abs(amount):
            return [fields | {"invoice_ref": number, "amount": str(sign * part)} for number, part in parts]
    if len(numbers) == 1:
        return [fields | {"invoice_ref": numbers.pop()}]
    # Several documents without amounts: nobody can say how much is whose, so all are shown in the text.
    return [fields | {"remittance_text": " ".join(filter(None, [fields["remittance_text"], *sorted(numbers)])) or None}]


def _fields(entry: Element, detail: Element | None, amount: Decimal, currency: str) -> dict[str, Any]:
    source = entry if detail is None else detail
    party = "Dbtr" if amount >= 0 else "Cdtr"
    end_to_end = _text(source, "Refs/EndToEndId")
    code = "/".join(filter(None, (_text(entry, f"BkTxCd/Domn/{path}") for path in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd"))))
    account = f"RltdPties/{party}Acct/Id"
    return {
        "amount": str(amount),
        "currency": currency,
        "is_reversal": _text(entry, "RvslInd") == "true" or next(_all(source, "RtrInf"), None) is not None,
        "bank_code": code or _text(entry, "BkTxCd/Prtry/Cd"),
        "end_to_end_id": None if (end_to_end or "").upper() in _NO_REFERENCE else end_to_end,
        # Version 8 puts a party below the role, version 2 had the name there.
        "counterparty_name": _text(source, f"RltdPties/{party}/Pty/Nm") or _text(source, f"RltdPties/{party}/Nm"),
        "counterparty_account": _text(source, f"{account}/IBAN") or _text(source, f"{account}/Othr/Id"),
        "remittance_text": " ".join(_remittance(source)) or _text(entry, "AddtlNtryInf"),
        "creditor_reference": _text(source, "RmtInf/Strd/CdtrRefInf/Ref"),
        "invoice_ref": None,
    }


def _remittance(detail: Element) -> list[str]:
    return [text for part in _all(detail, "RmtInf/Ustrd") if (text := (part.text or "").strip())]


def _check_balances(statement: Element, statement_id: str, entries: list[Element]) -> None:
    balances: dict[str, list[Decimal]] = {}
    for balance in _all(statement, "Bal"):
        kind = _text(balance, "Tp/CdOrPrtry/Cd") or ""
        balances.setdefault(kind, []).append(_amount(balance)[0])
    opening = next((balances[k][0] for k in (*_OPENING, *_INTERIM) if k in balances), None)
    closing = next((balances[k][-1] for k in (*_CLOSING, *_INTERIM) if k in balances), None)
    if opening is None or closing is None:
        raise Refused(f"statement {statement_id} has no opening or no closing balance")
    moved = sum((_amount(entry)[0] for entry in entries if _status(entry) == "BOOK"), Decimal(0))
    if opening + moved != closing:
        raise Refused(
            f"statement {statement_id} does not add up: {opening} and entries of {moved} are not {closing}, "
            "an entry is missing"
        )


def _reference(entry: Element) -> str | None:
    own = _text(entry, "AcctSvcrRef") or _text(entry, "NtryRef")
    return None if (own or "").upper() in _NO_REFERENCE else own


def _status(entry: Element) -> str | None:
    # Version 8 has a code below the status, version 2 the status itself.
    return _text(entry, "Sts/Cd") or _text(entry, "Sts")


def _amount(element: Element) -> tuple[Decimal, str]:
    """Signed amount and currency of an entry or balance."""
    found = next(_all(element, "Amt"), None)
    amount = _number(found.text if found is not None else None)
    if found is None or amount is None:
        raise Refused(f"{_name(element)} has no readable amount")
    side = _text(element, "CdtDbtInd")
    if side not in ("CRDT", "DBIT"):
        raise Refused(f"{_name(element)} of {amount} says neither credit nor debit")
    return amount if side == "CRDT" else -amount, found.get("Ccy", "")


def _detail_amount(detail: Element, currency: str, entry_side: str) -> Decimal | None:
    """Signed amount of a detail in the entry's currency, None when it states none; its side is the entry's by default."""
    for path in ("Amt", "AmtDtls/TxAmt/Amt"):
        for found in _all(detail, path):
            amount = _number(found.text)
            if amount is not None and found.get("Ccy", currency) == currency:
                return amount if (_text(detail, "CdtDbtInd") or entry_side) == "CRDT" else -amount
    return None


def _number(text: str | None) -> Decimal | None:
    try:
        number = Decimal(text.strip()) if text else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None


def _day(entry: Element, name: str) -> str | None:
    """A local business date; of a time only its day, since statements have no time zone."""
    return _text(entry, f"{name}/Dt") or (_text(entry, f"{name}/DtTm") or "")[:10] or None


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _all(element: Element, path: str) -> Iterator[Element]:
    head, _, rest = path.partition("/")
    for child in element:
        if _name(child) == head:
            yield from _all(child, rest) if rest else (child,)


def _text(element: Element, path: str) -> str | None:
    """The text of the first element at ``path``; None when there is none or it is blank."""
    return next((text for found in _all(element, path) if (text := (found.text or "").strip())), None)
