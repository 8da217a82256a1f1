"""BAI2 balance reports. Amounts are whole minor units of the currency, their sign follows from the type code.

Only what is final for a previous day is taken: intraday reports change until the day ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from bai2 import bai2
from bai2.constants import AsOfDateModifier, GroupStatus, TypeCodeTransaction
from bai2.exceptions import IntegrityException, NotSupportedYetException, ParsingException

from ingestion.sources.files.feed import BankStatement, Feed, Refused
from ingestion.sources.files.rows import Content, Row, decoded
from ingestion.sources.files.settings import BAI2_DEFAULT_CURRENCY, BAI2_RETURNS, MINOR_UNITS

_OPENING_LEDGER, _CLOSING_LEDGER = "010", "015"


def read(feed: Feed, content: bytes) -> Content:
    """The transactions of final previous-day groups; raises Refused when a control total or balance is wrong."""
    assert isinstance(feed.layout, BankStatement)
    text = decoded(content, feed.layout.encoding)
    try:
        report = bai2.parse_from_string(text, check_integrity=True)
    except (IntegrityException, NotSupportedYetException, ParsingException) as error:
        raise Refused(f"not an intact BAI2 file ({error})") from None
    except (ValueError, LookupError, TypeError, RuntimeError, StopIteration) as error:
        raise Refused(f"not readable as BAI2 ({type(error).__name__}: {error})") from None
    header = report.header
    found = Content()
    if header.creation_date:
        found.stamp = datetime.combine(header.creation_date, header.creation_time or time(), UTC)
    left_out = 0
    for group in report.children:
        if group.header.group_status in (GroupStatus.deletion, GroupStatus.correction):
            raise Refused(
                f"a group is a {group.header.group_status.name}: what it takes back has to be decided by people"
            )
        is_final = group.header.as_of_date_modifier in (AsOfDateModifier.final_previous_day, None)
        if group.header.group_status is not GroupStatus.update or not is_final:
            left_out += 1
            continue
        for account in group.children:
            for fields in _account(group.header, account):
                found.rows.append(Row(len(found.rows) + 1, fields))
    if left_out:
        found.note = f"{left_out} group(s) that are not final for a previous day are left out"
    return found


def _account(group: Any, account: Any) -> Iterator[dict[str, Any]]:
    number = account.header.customer_account_number
    currency = account.header.currency or group.currency or BAI2_DEFAULT_CURRENCY
    day = group.as_of_date.isoformat()
    statement = f"{number}/{day}"
    amounts = [_amount(transaction, currency) for transaction in account.children]
    _check_balance(account, statement, currency, amounts)
    references = Counter(t.bank_reference for t in account.children)
    for position, (transaction, amount) in enumerate(zip(account.children, amounts, strict=True), 1):
        code, own = transaction.type_code.code, transaction.bank_reference
        yield {
            "account": number,
            "transaction_ref": own if own and references[own] == 1 else f"{day}/{position}",
            "statement_id": statement,
            "as_of_date": day,
            "value_date": _value_date(transaction) or day,
            "amount": str(amount),
            "currency": currency,
            "type_code": code,
            "type_description": transaction.type_code.description,
            "bank_reference": own,
            "customer_reference": transaction.customer_reference,
            "remittance_text": (transaction.text or "").strip().removesuffix("/") or None,
            "is_reversal": code in BAI2_RETURNS,
        }


def _amount(transaction: Any, currency: str) -> Decimal:
    code = transaction.type_code
    if code.transaction not in (TypeCodeTransaction.credit, TypeCodeTransaction.debit):
        if not transaction.amount:
            return Decimal(0)
        raise Refused(f"type code {code.code} ({code.description}) says neither credit nor debit")
    amount = _major(transaction.amount or 0, currency)
    return amount if code.transaction is TypeCodeTransaction.credit else -amount


def _major(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-MINOR_UNITS.get(currency, 2))


def _check_balance(account: Any, statement: str, currency: str, amounts: list[Decimal]) -> None:
    """Opening and closing ledger balance differ by the transactions, where the bank states both."""
    stated = {s.type_code.code: _major(s.amount or 0, currency) for s in account.header.summary_items if s.type_code}
    if _OPENING_LEDGER in stated and _CLOSING_LEDGER in stated:
        opening, closing, moved = stated[_OPENING_LEDGER], stated[_CLOSING_LEDGER], sum(amounts, Decimal(0))
        if opening + moved != closing:
            raise Refused(
                f"account and day {statement} do not add up: {opening} and transactions of {moved} are not {closing}"
            )


def _value_date(transaction: Any) -> str | None:
    day = (transaction.availability or {}).get("date")
    return day.isoformat() if day else None
