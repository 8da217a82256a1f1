"""The asset ``published/month_close``, a partition a month: the month's last day, built from what is known now.

It is the register that the books are closed with, beside the live one, in ``<data_dir>/replays/close-<month>``. The gate is
the financial reconciliation: while a control total from raw to the ledger fails, no month is closed.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from ingestion.config import ConfigurationError
from orchestration.defs.publishing.assets import BI_SNAPSHOT, failed_checks
from orchestration.defs.quality.checks import LEDGER
from orchestration.lib.names import WAREHOUSE_POOL, team
from orchestration.replay import ReplayError, replay

MONTH_CLOSE = dg.AssetKey(["published", "month_close"])
CLOSE_JOB = "close_month"
# The ledger's calendar reaches further back; nobody closes those months again.
MONTHS = dg.MonthlyPartitionsDefinition(start_date="2024-01-01")


def month_close(checks: Iterable[dg.AssetCheckKey]) -> dg.Definitions:
    """The partitioned asset; those of ``checks`` that reconcile the ledger are its gate."""
    gate = sorted((key for key in checks if key.asset_key == LEDGER and key.name.startswith("reconciles_")), key=str)

    @dg.asset(
        key=MONTH_CLOSE,
        deps=[BI_SNAPSHOT],
        partitions_def=MONTHS,
        group_name="published",
        owners=[team("finance")],
        kinds={"duckdb"},
        pool=WAREHOUSE_POOL,
        description=(
            "The register of a month's last day as it is known now, built beside the live one: `leakage findings --replay "
            "close-2026-04`. A month is not closed while the financial reconciliation fails."
        ),
    )
    def build_month(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        if failed := failed_checks(context.instance, gate):
            names = ", ".join(key.name for key in failed)
            raise dg.Failure(
                f"{context.partition_key[:7]} is not closed: the financial reconciliation failed ({names}); repair what it "
                "found, build and close again",
                allow_retries=False,
            )
        try:
            done = replay(last_day(context.partition_key), datetime.now(UTC), f"close-{context.partition_key[:7]}")
        except (ConfigurationError, ReplayError) as error:
            raise dg.Failure(f"{context.partition_key[:7]} is not closed: {error}", allow_retries=False) from error
        return dg.MaterializeResult(
            metadata={
                "as_of": done.as_of.isoformat(),
                "known_at": dg.MetadataValue.timestamp(done.known_at),
                "database": dg.MetadataValue.path(str(done.database)),
            }
        )

    return dg.Definitions(assets=[build_month])


def last_day(month: str) -> date:
    """The last day of the month whose first day is ``month``, as in 2026-04-01."""
    first = date.fromisoformat(month)
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
