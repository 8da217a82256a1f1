"""What was agreed with the customer as Certinia PSA holds it: budgets, prepaid hours, accepted progress."""

from __future__ import annotations

from decimal import Decimal

from ingestion.sandbox.facts import EPOCH, ChangeOrder, ContractLine, ProgressReport, Retainer
from ingestion.sandbox.systems.certinia import catalog
from ingestion.sandbox.systems.certinia.records import Records
from ingestion.sandbox.systems.salesforce.org import Record
from ingestion.sandbox.systems.salesforce.values import day, moment, number


class AgreementRecords(Records):
    """Builds the tables of agreements of the system from the facts that it has heard of."""

    def tables(self) -> dict[str, list[Record]]:
        facts = self.system.facts
        return {
            "pse__Budget__c": [
                *(self.contract_line(line) for line in facts("contract_lines")),
                *(self.change_order(order) for order in facts("change_orders")),
            ],
            "Retainer__c": [self.retainer(r) for r in facts("retainers")],
            "Progress_Report__c": [self.progress_report(r) for r in facts("progress_reports")],
        }

    def contract_line(self, line: ContractLine) -> Record:
        """The customer's purchase order; a line without a value has a budget of zero."""
        return (
            self.base("contract_lines", line)
            | {
                "CreatedDate": moment(line.created_at or EPOCH),
                "Name": line.name or line.id,
                "pse__Project__c": self.id_of("projects", self.project_of(line.id)),
                "pse__Type__c": "Customer Purchase Order",
                "pse__Status__c": "Approved",
                "pse__Effective_Date__c": day(line.starts_on),
                "CRM_Contract_Line_Id__c": self.crm("contract_lines", line.id),
                "CRM_Change_Order_Id__c": None,
                "Cap_Change__c": None,
                "CurrencyIsoCode": self.currencies.of(None, line.id),
            }
            | _amounts(line.amount)
        )

    def change_order(self, order: ChangeOrder) -> Record:
        line = order.contract_line
        return (
            self.base("change_orders", order)
            | {
                "CreatedDate": moment(order.created_at or EPOCH),
                "Name": f"Change request {order.number or order.id}",
                "pse__Project__c": self.id_of("projects", self.project_of(line)),
                "pse__Type__c": "Customer Purchase Order Change Request",
                "pse__Status__c": catalog.BUDGET_STATUSES[order.status],
                "pse__Effective_Date__c": day(order.effective_from),
                "CRM_Contract_Line_Id__c": self.crm("contract_lines", line),
                "CRM_Change_Order_Id__c": self.crm("change_orders", order.id),
                "Cap_Change__c": number(order.cap_delta),
                "CurrencyIsoCode": order.currency,
            }
            | _amounts(order.amount)
        )

    def retainer(self, retainer: Retainer) -> Record:
        return self.base("retainers", retainer) | {
            "Name": f"RET-{retainer.id}",
            "CRM_Contract_Line_Id__c": self.crm("contract_lines", retainer.contract_line),
            "Valid_From__c": day(retainer.starts_on),
            "Valid_Until__c": day(retainer.expires_on),
            "Prepaid_Hours__c": number(retainer.hours),
            "Amount__c": number(retainer.amount),
            "Refundable__c": retainer.is_refundable,
            "CurrencyIsoCode": retainer.currency,
        }

    def progress_report(self, report: ProgressReport) -> Record:
        line = report.contract_line
        return self.base("progress_reports", report) | {
            "Name": f"PR-{report.id}",
            "Project__c": self.id_of("projects", report.project or self.project_of(line)),
            "CRM_Contract_Line_Id__c": self.crm("contract_lines", line),
            "Reported_On__c": day(report.reported_on),
            "Accepted_On__c": day(report.accepted_on),
            "Completed_Percent__c": number(report.completed_pct),
        }


def _amounts(agreed: Decimal | None) -> Record:
    """A budget's amount is required and never negative; what it cannot say stands in the firm's own field."""
    amount = max(agreed or Decimal(0), Decimal(0))
    return {
        "pse__Amount__c": number(amount),
        "pse__Total_Amount__c": number(amount),
        "Agreed_Amount__c": number(agreed) if agreed is not None and agreed <= 0 else None,
    }
