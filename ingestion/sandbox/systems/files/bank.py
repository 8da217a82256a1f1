"""The firm's bank: what customers pay, as end-of-day statements. Dollars come as BAI2, other currencies as camt.053.

A receipt names its invoice in one of the ways that customers do: as a structured document number, as end-to-end id, or
somewhere in the text. Some receipts of a day are booked as one batch. Today's receipts are there too, but not final: as
pending entries and as an intraday group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from xml.sax.saxutils import escape

from ingestion.sandbox.facts import Facts, Payment
from ingestion.sandbox.world import stable_number

OPENING = Decimal("1000000.00")
FEE = Decimal("12.50")
ALWAYS = ("USD", "EUR")  # accounts that are reported even when nothing moves
BATCHED = 4  # one receipt in so many is booked in a batch when there are several


@dataclass(frozen=True)
class Receipt:
    """One movement on the firm's account: what a customer paid (or took back, negative), or a fee."""

    key: str
    booked_on: date
    amount: Decimal
    currency: str
    payer: str
    number: str | None

    @property
    def reference(self) -> str:
        """The bank's own reference, unique per account."""
        return f"{stable_number('bank', self.key, bits=44):014X}"

    @property
    def manner(self) -> str:
        """How the payer names the invoice."""
        return ("structured", "end-to-end", "text")[stable_number("manner", self.key) % 3]


@dataclass
class Bank:
    """The accounts, one per currency. Each statement continues where the last one ended."""

    balances: dict[str, Decimal] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    closed_on: date | None = None

    def statements(self, facts: Facts, payments: Iterable[Payment], now: datetime) -> dict[str, bytes]:
        """File name -> content: everything that was booked before the day of ``now`` and is in no statement yet."""
        today = now.date()
        booked: dict[str, list[Receipt]] = {currency: [] for currency in ALWAYS}
        pending: dict[str, list[Receipt]] = defaultdict(list)
        invoices = {i.id: i for i in facts.invoices}
        names = {c.id: c.name for c in facts.customers}
        for payment in sorted(payments, key=lambda p: (p.paid_on, p.id)):
            if payment.id in self.sent or payment.invoice not in invoices:
                continue
            day = payment.paid_on if self.closed_on is None else max(payment.paid_on, self.closed_on)
            invoice = invoices[payment.invoice]
            payer = names.get(invoice.customer, "")
            receipt = Receipt(payment.id, day, payment.amount, payment.currency, payer, invoice.number)
            if payment.paid_on < today:
                booked.setdefault(payment.currency, []).append(receipt)
                self.sent.add(payment.id)
            else:
                pending[payment.currency].append(receipt)
        self.closed_on = today
        files = {}
        for currency, receipts in sorted(booked.items()):
            stamp = f"{now:%Y%m%d%H%M%S}"
            if currency == "USD":
                files[f"PDR_{stamp}.bai"] = self._bai2(receipts, pending[currency], now)
            else:
                files[f"{currency}_camt.053_{stamp}.xml"] = self._camt(currency, receipts, pending[currency], now)
        return files

    def _days(self, currency: str, receipts: Sequence[Receipt], now: datetime) -> list[tuple[date, list[Receipt]]]:
        """The days with movements, and the last closed day with its fee."""
        by_day: dict[date, list[Receipt]] = defaultdict(list)
        for receipt in receipts:
            by_day[receipt.booked_on].append(receipt)
        last = date.fromordinal(now.date().toordinal() - 1)
        day = max([last, *by_day])
        by_day[day].append(Receipt(f"fee {currency} {now}", day, -FEE, currency, "Bank", None))
        return sorted(by_day.items())

    def _moved(self, currency: str, receipts: Iterable[Receipt]) -> tuple[Decimal, Decimal]:
        opening = self.balances.get(currency, OPENING)
        self.balances[currency] = opening + sum((r.amount for r in receipts), Decimal(0))
        return opening, self.balances[currency]

    # --- camt.053 ---

    def _camt(self, currency: str, receipts: Sequence[Receipt], pending: Sequence[Receipt], now: datetime) -> bytes:
        """Euros in version 8, other currencies in version 2: banks move at their own pace."""
        modern = currency == "EUR"
        namespace = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{'08' if modern else '02'}"
        days = self._days(currency, receipts, now)
        statements = []
        for day, moved in days:
            opening, closing = self._moved(currency, moved)
            batch = [r for r in moved if r.number and r.amount > 0 and stable_number("batch", r.key) % BATCHED == 0]
            singles = [r for r in moved if len(batch) < 2 or r not in batch]
            entries = [_entry([r], modern) for r in singles]
            if len(batch) >= 2:
                entries.append(_entry(batch, modern))
            if day == days[-1][0]:
                entries += [_entry([r], modern, "PDNG") for r in pending]
            statements.append(
                f"<Stmt><Id>{currency}-{day:%Y%m%d}-{now:%H%M%S}</Id><CreDtTm>{now:%Y-%m-%dT%H:%M:%S}</CreDtTm>"
                f"<Acct><Id><IBAN>{iban(currency)}</IBAN></Id><Ccy>{currency}</Ccy></Acct>"
                f"{_balance('OPBD', opening, currency, day)}{_balance('CLBD', closing, currency, day)}"
                f"{''.join(entries)}</Stmt>"
            )
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{namespace}"><BkToCstmrStmt>'
            f"<GrpHdr><MsgId>{currency}{now:%Y%m%d%H%M%S}</MsgId><CreDtTm>{now:%Y-%m-%dT%H:%M:%S}</CreDtTm></GrpHdr>"
            f"{''.join(statements)}</BkToCstmrStmt></Document>"
        )
        return text.encode()

    # --- BAI2 ---

    def _bai2(self, receipts: Sequence[Receipt], pending: Sequence[Receipt], now: datetime) -> bytes:
        groups = []
        for day, moved in self._days("USD", receipts, now):
            opening, closing = self._moved("USD", moved)
            balances = [("010", opening), ("015", closing)]
            groups.append(_group(day, "2", balances, moved))
        if pending:
            groups.append(_group(now.date(), "3", [("040", self.balances["USD"])], pending))
        total = sum(control for _, control in groups)
        lines = [line for lines, _ in groups for line in lines]
        header = f"01,FIRMBANK,FIRM,{now:%y%m%d},{now:%H%M},{now:%H%M%S},,,2/"
        return "\n".join([header, *lines, f"99,{total},{len(groups)},{len(lines) + 2}/", ""]).encode("ascii")


def iban(currency: str) -> str:
    """The firm's account in ``currency``."""
    return f"DE02{stable_number('account', currency, bits=56):018d}"


def _balance(kind: str, amount: Decimal, currency: str, day: date) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{_money(amount, currency)}<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _money(amount: Decimal, currency: str) -> str:
    side = "CRDT" if amount >= 0 else "DBIT"
    return f'<Amt Ccy="{currency}">{abs(amount):f}</Amt><CdtDbtInd>{side}</CdtDbtInd>'


def _entry(receipts: Sequence[Receipt], modern: bool, status: str = "BOOK") -> str:
    """One entry; several receipts are the details of a batch booking."""
    first = receipts[0]
    amount = sum((r.amount for r in receipts), Decimal(0))
    reversal = "<RvslInd>true</RvslInd>" if first.number and amount < 0 else ""
    state = f"<Sts><Cd>{status}</Cd></Sts>" if modern else f"<Sts>{status}</Sts>"
    day = first.booked_on
    reference = first.reference if len(receipts) == 1 else f"B{first.reference}"
    details = "".join(_detail(r, modern) for r in receipts if r.number)
    return (
        f"<Ntry>{_money(amount, first.currency)}{reversal}{state}<BookgDt><Dt>{day}</Dt></BookgDt>"
        f"<ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>{reference}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd>"
        f"<Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
        + (f"<NtryDtls>{details}</NtryDtls>" if details else "<AddtlNtryInf>Account fee</AddtlNtryInf>")
        + "</Ntry>"
    )


def _detail(receipt: Receipt, modern: bool) -> str:
    number = escape(receipt.number or "")
    end_to_end = number if receipt.manner == "end-to-end" else "NOTPROVIDED"
    payer = f"<Nm>{escape(receipt.payer)}</Nm>"
    party = f"<Dbtr><Pty>{payer}</Pty></Dbtr>" if modern else f"<Dbtr>{payer}</Dbtr>"
    remittance = {
        "structured": f"<Strd><RfrdDocInf><Nb>{number}</Nb></RfrdDocInf></Strd>",
        "end-to-end": "<Ustrd>thank you for your work</Ustrd>",
        "text": f"<Ustrd>Invoice {number}, thank you</Ustrd>",
    }[receipt.manner]
    # Version 2 had the detail's amount below AmtDtls.
    money = f'<Amt Ccy="{receipt.currency}">{abs(receipt.amount):f}</Amt>'
    money = money if modern else f"<AmtDtls><TxAmt>{money}</TxAmt></AmtDtls>"
    return (
        f"<TxDtls><Refs><EndToEndId>{end_to_end}</EndToEndId></Refs>{money}"
        f"<RltdPties>{party}</RltdPties><RmtInf>{remittance}</RmtInf></TxDtls>"
    )


def _group(
    day: date, modifier: str, balances: Sequence[tuple[str, Decimal]], receipts: Sequence[Receipt]
) -> tuple[list[str], int]:
    """The records of one group with its one account, and its control total."""
    summary = "".join(f",{code},{_cents(amount)},," for code, amount in balances)
    details = [line for receipt in receipts for line in _transaction(receipt)]
    control = sum(_cents(amount) for _, amount in balances) + sum(abs(_cents(r.amount)) for r in receipts)
    account = [f"03,4081234567,USD{summary}/", *details]
    account.append(f"49,{control},{len(account) + 1}/")
    group = [f"02,FIRM,FIRMBANK,1,{day:%y%m%d},2400,USD,{modifier}/", *account]
    return [*group, f"98,{control},1,{len(group) + 1}/"], control


def _transaction(receipt: Receipt) -> list[str]:
    """A transaction: ACH or wire received, a returned item, or a fee; long text goes on in 88 records."""
    if receipt.number is None:
        return [f"16,698,{_cents(-receipt.amount)},Z,{receipt.reference},,ACCOUNT FEE"]
    code = "142" if receipt.amount > 0 else "555"
    named = receipt.number if receipt.manner == "end-to-end" else ""
    payer = " ".join(receipt.payer.encode("ascii", "replace").decode().replace(",", " ").replace("/", " ").split())
    lines = [f"16,{code},{abs(_cents(receipt.amount))},Z,{receipt.reference},{named},{payer.upper() or 'CUSTOMER'}"]
    return lines if named else [*lines, f"88,REMITTANCE INVOICE {receipt.number} THANK YOU"]


def _cents(amount: Decimal) -> int:
    cents = amount.scaleb(2)
    if cents != cents.to_integral_value():
        raise ValueError(f"{amount} USD is no whole number of cents")
    return int(cents)
