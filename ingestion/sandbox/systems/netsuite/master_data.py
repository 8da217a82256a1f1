"""Who and what the ledger knows: subsidiaries, customers, projects, billing schedules, exchange rates."""

from __future__ import annotations

from typing import Any

from ingestion.sandbox.systems.netsuite.ids import number
from ingestion.sandbox.systems.netsuite.records import Builder


def add_master_data(builder: Builder) -> None:
    """Projects are there whatever the PSA's clock says: the ledger got them when they were set up."""
    for entity in builder.living("legal_entities"):
        builder.add(
            "subsidiary",
            id=number("legal_entities", entity.id), name=entity.name or entity.id,
            fullname=entity.name or entity.id, currency=builder.currency(entity.currency),
            country=entity.country, custrecord_time_zone=entity.timezone, iselimination="F", isinactive="F",
            lastmodifieddate=builder.changed(entity),
        )  # fmt: skip
    _customers(builder)
    for project in builder.system.world.facts.projects:
        if not builder.is_gone(project):
            _job(builder, project)
    for calendar in builder.living("billing_calendars"):
        builder.add(
            "billingschedule",
            id=number("billing_calendars", calendar.id), externalid=calendar.id, name=calendar.name or calendar.id,
            scheduletype="STD", frequency=calendar.frequency.upper(), isinactive="F",
            custrecord_cutoff_day=calendar.cutoff_day,
        )  # fmt: skip
    for rate in builder.living("fx_rates"):
        _rate(builder, rate)


def _customers(builder: Builder) -> None:
    first_entity = next(iter(builder.living("legal_entities")), None)
    terms: set[int] = set()
    for customer in builder.living("customers"):
        own, days = number("customers", customer.id), customer.payment_terms_days
        terms.add(days)
        address = number("entityaddress", customer.id)
        builder.add("entityaddress", nkey=address, addressee=customer.name, country=customer.country)
        if first_entity:
            builder.add(
                "customersubsidiaryrelationship",
                id=number("customersubsidiary", customer.id), entity=own,
                subsidiary=number("legal_entities", first_entity.id), isprimarysub="T",
            )  # fmt: skip
        builder.add(
            "customer",
            id=own, entityid=customer.id, altname=customer.name or customer.id,
            companyname=customer.name or customer.id,
            externalid=builder.system.world.ref("crm", "customers", customer.id),
            parent=builder.id_of("customers", customer.parent), isperson="F", isinactive="F",
            currency=builder.currency(customer.currency), terms=number("term", str(days)), defaultbillingaddress=address,
            custentity_merged_into=builder.id_of("customers", customer.merged_into), vatregnumber=customer.tax_id,
            representingsubsidiary=builder.id_of("legal_entities", customer.represents),
            datecreated=builder.created(customer), lastmodifieddate=builder.changed(customer),
        )  # fmt: skip
    for days in sorted(terms):
        builder.add("term", id=number("term", str(days)), name=f"Net {days}", daysuntilnetdue=days, isinactive="F")


def _job(builder: Builder, project: Any) -> None:
    builder.add(
        "job",
        id=number("projects", project.id), entityid=project.code,
        externalid=builder.system.world.ref("psa", "projects", project.id),
        altname=project.name or project.code, companyname=project.name or project.code,
        customer=builder.id_of("customers", project.customer), startdate=project.starts_on,
        calculatedenddate=project.ends_on, isinactive="F",
        datecreated=builder.created(project), lastmodifieddate=builder.changed(project),
    )  # fmt: skip


def _rate(builder: Builder, rate: Any) -> None:
    own = number("fx_rates", rate.id)
    pair = builder.currency(rate.from_currency), builder.currency(rate.to_currency)
    if rate.rate_type == "spot":
        builder.add(
            "currencyrate",
            id=own, transactioncurrency=pair[0], basecurrency=pair[1], effectivedate=rate.rate_date,
            exchangerate=rate.rate, lastmodifieddate=builder.changed(rate),
        )  # fmt: skip
    else:
        builder.add(
            "customrecord_average_rate",
            id=own, custrecord_avg_from_currency=pair[0], custrecord_avg_to_currency=pair[1],
            custrecord_avg_date=rate.rate_date, custrecord_avg_rate=rate.rate, isinactive="F",
            lastmodified=builder.changed(rate),
        )  # fmt: skip
