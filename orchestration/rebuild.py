"""Raw made again from the archive alone: the same source, answered by what was kept, appends the same rows.

Nothing is asked of the system. Every load that raw is made of runs again in its order, on an empty warehouse, with the
clock and the configuration of then. dlt gives these loads ids of their own; at the end the rows get the ids of then, and
nothing differs any more. dlt's own tables (``_dlt_*``), which tell when it worked, are not compared.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from ingestion import pipelines
from ingestion.archive import tape
from ingestion.archive.blobs import BlobError, Blobs
from ingestion.archive.chain import Chain, ChainError
from ingestion.archive.history import Load, lineage, loads
from ingestion.archive.redact import REDACTED
from ingestion.archive.settings import open_store
from ingestion.archive.tape import Entry, Player
from ingestion.config import ConfigurationError, settings
from ingestion.http.errors import PartialLoadError, SourceError
from ingestion.registry import EVENTS, SYSTEMS
from ingestion.warehouse import exclusive
from orchestration.environment import environment


class RebuildError(RuntimeError):
    """Raw cannot be made again from the archive; the message is one sentence."""


@dataclass(frozen=True)
class Table:
    """One raw table, made again and as it is in the warehouse: rows and a checksum of all their values, in any order."""

    name: str
    rows: int
    checksum: str
    live_rows: int
    live_checksum: str

    @property
    def is_equal(self) -> bool:
        return self.checksum == self.live_checksum


@dataclass(frozen=True)
class Rebuilt:
    """What was made again: the loads that it is made of, its tables, and the database if it was kept."""

    system: str
    load_ids: list[str]
    tables: list[Table]
    database: Path | None

    @property
    def is_equal(self) -> bool:
        return all(table.is_equal for table in self.tables)


def rebuild(
    system: str,
    since: datetime | None = None,
    until: datetime | None = None,
    into: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Rebuilt:
    """Make raw of ``system`` again and compare it with the warehouse, which is only read.

    ``since`` and ``until`` (UTC) choose by when a load began which loads' rows are kept and compared; what came before
    is replayed too, for later loads stand on it. ``into`` keeps the result as a DuckDB file. ``say`` hears which load is
    being replayed. Raises ConfigurationError for what cannot be asked and RebuildError when the archive does not suffice.
    """
    if system not in {*SYSTEMS, EVENTS.name}:
        raise ConfigurationError(f"--system: there is no system {system!r}; choose from {', '.join(SYSTEMS)}")
    if into is not None and into.exists():
        raise ConfigurationError(f"--into: {into} exists already; name a new file")
    store = open_store()
    chain, blobs = Chain(store, system), Blobs(store, system)
    entries = archived(chain)
    line = lineage(loads(entries), until)
    if not line:
        raise ConfigurationError(f"{system}: the archive holds no load of that time; give a later --to")
    chosen = [str(load.load_id) for load in line if since is None or load.at >= since]
    if not chosen:
        raise ConfigurationError(f"{system}: the archive holds no load of that time; give an earlier --from")
    warehouse = settings().warehouse_path
    with tempfile.TemporaryDirectory(prefix=f"leakage-{system}-") as folder:
        made = Path(folder) / warehouse.name
        line = _without_pruned(system, line, entries, blobs, made)
        ids = {}
        for place, load in enumerate(line, 1):
            say(f"load {place} of {len(line)}, of {load.at:%Y-%m-%dT%H:%M:%SZ}")
            player = Player(system, (entry for entry in entries if entry.get("load") == load.number), blobs)
            ids[_replayed(system, load, player, Path(folder))] = str(load.load_id)
        _give_back_ids(made, system, ids, chosen)
        tables = checksums(made, system)
        with exclusive(warehouse):
            live = checksums(warehouse, system, None if since is None and until is None else chosen)
        if into is not None:
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(made, into)
    nothing = (0, "")
    compared = [Table(n, *tables.get(n, nothing), *live.get(n, nothing)) for n in sorted({*tables, *live})]
    return Rebuilt(system, chosen, compared, into)


def archived(chain: Chain) -> list[Entry]:
    """All entries of the archive; raises RebuildError when one of them is broken."""
    try:
        return list(chain.entries())
    except ChainError as error:
        raise RebuildError(
            f"{chain.system}: entry {error.number} of the archive is broken: {error}; restore the archive's folder"
        ) from None


def log_path(system: str) -> Path:
    """Where what the tools print during a replay goes."""
    return settings().data_dir / "logs" / f"rebuild-{system}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.log"


def _without_pruned(system: str, line: list[Load], entries: list[Entry], blobs: Blobs, made: Path) -> list[Load]:
    """The loads to replay; the tables that those before them had led to, if their contents were pruned, are in ``made``."""
    pruned = [entry for entry in entries if entry["kind"] == "pruned"]
    if not pruned:
        if line[0].after is not None:
            raise RebuildError(
                f"{system}: the archive begins after load {line[0].after}, which it does not hold; raw cannot be made from "
                "the archive alone"
            )
        return line
    left = pruned[-1]
    later = [load for load in line if load.number > left["through"]]
    if left["last"] not in [load.load_id for load in line[: len(line) - len(later)]][-1:]:
        raise RebuildError(
            f"{system}: loads before {left['before']} were pruned by {left['by']}; raw can be made again for times after that"
        )
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(str(made)) as connection:
        connection.execute(f"create schema raw_{system}")
        for name, table in left["tables"].items():
            file = Path(folder) / "table.parquet"
            try:
                file.write_bytes(blobs.get(table["content"], table["size"]))
            except BlobError as error:
                raise RebuildError(f"{system}: table {name} of entry {left['number']}: {error}") from None
            connection.execute(f'create table raw_{system}."{name}" as select * from read_parquet(?)', [str(file)])
    return later


def export(database: Path, system: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every table of raw, dlt's own too, as the bytes of a Parquet file; ``folder`` is for working in."""
    with duckdb.connect(str(database), read_only=True) as connection:
        sql = "select table_name from duckdb_tables() where schema_name = ? order by 1"
        for (name,) in connection.execute(sql, [f"raw_{system}"]).fetchall():
            file = folder / "table.parquet"
            connection.execute(f"copy raw_{system}.\"{name}\" to '{file}' (format parquet, compression uncompressed)")
            yield name, file.read_bytes()


def _replayed(system: str, load: Load, player: Player, data_dir: Path) -> str:
    """Run ``load`` again in ``data_dir``; returns dlt's id of it."""
    with environment(_variables(system, load) | {"LEAKAGE_DATA_DIR": str(data_dir)}), tape.running(player):
        try:
            # Objects that failed then fail again: their rows came before, and are compared.
            with suppress(PartialLoadError):
                pipelines.run(system, objects=load.objects)
        except SourceError as error:
            raise RebuildError(str(error)) from None
    return str(player.load_id)


def _variables(system: str, load: Load) -> dict[str, str | None]:
    """The environment in which ``load`` ran: its domains, and its configuration with a word in place of each secret."""
    prefix = f"SOURCES__{system.upper()}__"
    now_set = dict.fromkeys(name for name in os.environ if name.startswith(prefix))
    then = {f"{prefix}{name.upper()}": _text(value) for name, value in load.configuration.items()}
    secrets = {f"{prefix}{name.upper()}": REDACTED for name in load.secrets}
    return now_set | then | secrets | {"LEAKAGE_SYSTEMS": ",".join(f"{d}={system}" for d in load.domains)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _give_back_ids(made: Path, system: str, ids: Mapping[str, str], chosen: Collection[str]) -> None:
    """Name each row's load as it was named then, and keep the rows of the ``chosen`` loads."""
    with duckdb.connect(str(made)) as connection:
        connection.execute(
            "create temp table ids as select unnest(?) as made, unnest(?) as load_id", [[*ids], [*ids.values()]]
        )
        for table in _tables(connection, system):
            connection.execute(f"update {table} set _dlt_load_id = ids.load_id from ids where _dlt_load_id = ids.made")
            connection.execute(f"delete from {table} where not list_contains(?, _dlt_load_id)", [[*chosen]])


def checksums(database: Path, system: str, load_ids: Collection[str] | None = None) -> dict[str, tuple[int, str]]:
    """Rows and SHA-256 of each raw table of ``system``, whatever order its rows and columns are in.

    ``load_ids`` limits it to the rows of these loads. The caller has the database to itself.
    """
    found: dict[str, tuple[int, str]] = {}
    if not database.exists():
        return found
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        for table in _tables(connection, system):
            columns = connection.execute(f"select column_name from (describe {table}) order by 1").fetchall()
            texts = (f'cast("{name}" as varchar)' for (name,) in columns)
            # Each value with its length: no two different rows read the same.
            row = " || ".join(f"coalesce(strlen({text}) || ':' || {text}, '-')" for text in texts)
            count, digest = connection.execute(
                f"select count(*), sha256(coalesce(string_agg(digest, '' order by digest), '')) from "
                f"(select sha256({row}) as digest from {table} where ? is null or list_contains(?, _dlt_load_id))",
                [load_ids and [*load_ids], load_ids and [*load_ids]],
            ).fetchall()[0]
            found[table.partition(".")[2].strip('"')] = (count, digest)
    return found


def _tables(connection: duckdb.DuckDBPyConnection, system: str) -> list[str]:
    """The raw tables of ``system``, dlt's own apart."""
    rows = connection.execute(
        "select table_name from duckdb_columns() where schema_name = ? and column_name = '_dlt_load_id' "
        "and not starts_with(table_name, '_dlt_') order by 1",
        [f"raw_{system}"],
    ).fetchall()
    return [f'raw_{system}."{name}"' for (name,) in rows]
