"""The raw objects of NetSuite and the types of their columns.

SuiteQL delivers every value as text and leaves NULL columns out, so everything is declared. Flags stay the letters T
and F, ids stay text. Datetimes arrive in the session's time zone, without an offset.
"""

from __future__ import annotations

from collections.abc import Mapping

from ingestion.raw import RawObject
from ingestion.sources.netsuite import settings

AMOUNT, QUANTITY, RATE = "decimal(20,4)", "decimal(18,6)", "decimal(20,8)"
_TRANSPORT = frozenset({"links"})


def _typed(text: str = "", date: str = "", moment: str = "", **others: str) -> dict[str, str]:
    """Columns by type, named in space-separated lists; ``others`` are column=type."""
    groups = ((text, "text"), (date, "date"), (moment, "timestamp"))
    return {name: kind for names, kind in groups for name in names.split()} | others


def objects(time_zone: str = settings.TIME_ZONE) -> dict[str, RawObject]:
    """All raw objects by name, in the order they are read, for an account whose session shows ``time_zone``."""

    def declare(
        name: str, key: str, columns: Mapping[str, str], cursor: str | None, parent: str | None = None
    ) -> RawObject:
        zoned = {c: f"timestamp({time_zone})" if kind == "timestamp" else kind for c, kind in columns.items()}
        return RawObject(
            name, tuple(key.split()), zoned, cursor, settings.OVERLAP, cursor is None, parent, _TRANSPORT
        )  # fmt: skip

    def listing(name: str, columns: Mapping[str, str]) -> RawObject:
        """A short list, read completely every time."""
        return declare(name, "id", columns, None)

    def record(name: str, columns: Mapping[str, str], parent: str | None = None) -> RawObject:
        """Records with an id of their own and the time of their last change."""
        return declare(name, "id", columns, "lastmodifieddate", parent)

    declared = [
        listing(
            "subsidiary",
            _typed(
                "id name fullname parent currency country time_zone iselimination isinactive", moment="lastmodifieddate"
            ),
        ),
        listing("currency", _typed("id symbol name isinactive")),
        listing("term", _typed("id name daysuntilnetdue isinactive")),
        listing(
            "accountingperiod",
            _typed("id periodname isquarter isyear isadjust closed", "startdate enddate", "lastmodifieddate"),
        ),
        listing("accountingbook", _typed("id name isprimary")),
        listing("billingschedule", _typed("id externalid name scheduletype frequency isinactive cutoff_day")),
        record(
            "currencyrate",
            _typed("id transactioncurrency basecurrency", "effectivedate", "lastmodifieddate", exchangerate=RATE),
        ),
        record("averagerate", _typed("id fromcurrency tocurrency", "ratedate", "lastmodifieddate", rate=RATE)),
        record(
            "customer",
            _typed(
                "id entityid externalid altname parent currency terms billingcountry merged_into tax_id "
                "representingsubsidiary isinactive",
                moment="datecreated lastmodifieddate",
            ),
        ),
        record(
            "job",
            _typed("id entityid externalid altname customer isinactive", "startdate", "datecreated lastmodifieddate"),
        ),
        record("item", _typed("id itemid displayname itemtype isinactive", moment="lastmodifieddate")),
        record(
            "transaction",
            _typed(
                "id tranid type entity currency status approvalstatus posting voided postingperiod createdfrom "
                "externalid memo credit_reason rejection_reason deduction_reason journal_purpose accounting_book "
                "written_off_invoice write_off_reason approved_by approver_role awaits_sending",
                "trandate duedate invoice_date sent_date rejected_date",
                "createddate lastmodifieddate",
                foreigntotal=AMOUNT,
                withholding_tax=AMOUNT,
                deduction=AMOUNT,
            ),
        ),
        # The line's own time does not move with every change of its header: it only marks where reading starts, while
        # the header's time decides which lines are read (see queries.py).
        declare(
            "transactionline",
            "uniquekey",
            _typed(
                "uniquekey transaction id linesequencenumber mainline taxline accountinglinetype entity subsidiary "
                "item memo crm_contract_line resource_email wip_source_type wip_source_id",
                "service_from service_to",
                "linelastmodifieddate",
                quantity=QUANTITY,
                rate=RATE,
                foreignamount=AMOUNT,
            ),
            "linelastmodifieddate",
            "transaction",
        ),
        declare(
            "nexttransactionlinelink",
            "nextdoc nextline previousdoc previousline linktype",
            _typed(
                "nextdoc nextline previousdoc previousline linktype nexttype previoustype",
                moment="lastmodifieddate",
                foreignamount=AMOUNT,
            ),
            "lastmodifieddate",
            "nextdoc",
        ),
        record(
            "timebill",
            _typed("id externalid customer isbillable approvalstatus", "trandate", "lastmodifieddate", hours=QUANTITY),
        ),
        record(
            "charge",
            _typed(
                "id billto chargetype stage use currency timerecord invoice invoiceline creditmemo creditmemoline "
                "billingdocument source_type source_id",
                "chargedate",
                "lastmodifieddate",
                quantity=QUANTITY,
                amount=AMOUNT,
            ),
            "billingdocument",
        ),
        record("revenueelement", _typed("id currency crm_contract_line", moment="lastmodifieddate")),
        record(
            "revenueplan",
            _typed(
                "id createdfrom revenueplantype recognitionmethod accountingbook",
                moment="lastmodifieddate",
                amount=AMOUNT,
            ),
        ),
        record(
            "revenueplanplannedrevenue",
            _typed(
                "id revenueplan plannedperiod postingperiod isrecognized",
                "dateexecuted",
                "lastmodifieddate",
                amount=AMOUNT,
            ),
            "revenueplan",
        ),
        record(
            "changeorder",
            _typed(
                "id crm_change_order crm_contract_line currency",
                moment="createddate lastmodifieddate",
                amount=AMOUNT,
                cap_amount=AMOUNT,
            ),
        ),
        record(
            "dispute",
            _typed("id invoice invoice_line currency reason", "opened resolved", "lastmodifieddate", amount=AMOUNT),
        ),
        record(
            "contractbalance",
            _typed(
                "id crm_contract period book currency",
                moment="lastmodifieddate",
                contract_asset=AMOUNT,
                unbilled_receivable=AMOUNT,
                contract_liability=AMOUNT,
                loss_provision=AMOUNT,
            ),
        ),
        record(
            "integrationlog",
            _typed(
                "id record_type record_id from_system to_system attempt status error is_transient",
                moment="occurred lastmodifieddate",
            ),
        ),
    ]
    return {obj.name: obj for obj in declared}


OBJECTS: dict[str, RawObject] = objects()
