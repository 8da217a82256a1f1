"""A server process with pre-rendered pages of time entries, so that a benchmark measures its client alone.

``python -m tests.benchmarks.pages --rows 200000`` prints the address of the first page and serves until its standard
input is closed.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE_ROWS = 2000

# The fields of a record and their declared types: 25 fields, about 700 bytes.
FIELDS = {
    "Id": "text",
    "Name": "text",
    "ResourceId": "text",
    "ResourceEmail": "text",
    "ProjectId": "text",
    "ProjectCode": "text",
    "AssignmentId": "text",
    "TaskName": "text",
    "WorkDate": "date",
    "Hours": "decimal(18,4)",
    "CostRate": "decimal(18,4)",
    "BillRate": "decimal(18,4)",
    "Amount": "decimal(18,4)",
    "CurrencyCode": "text",
    "IsBillable": "bool",
    "IsBilled": "bool",
    "Status": "text",
    "ApprovedById": "text",
    "ApprovedAt": "timestamp",
    "SubmittedAt": "timestamp",
    "Notes": "text",
    "SequenceNumber": "bigint",
    "CreatedAt": "timestamp",
    "ModifiedAt": "timestamp",
    "IsDeleted": "bool",
}
_STATUSES = ("Approved", "Approved", "Approved", "Submitted", "Draft", "Rejected")
_TASKS = ("Design workshop", "Data migration", "Integration build", "User acceptance test", "Project management")


def records(rows: int) -> Iterator[dict[str, object]]:
    """The same ``rows`` time entries on every call."""
    rng = random.Random(20260430)
    for n in range(rows):
        minutes = timedelta(minutes=n % 400_000)
        created = datetime(2025, 1, 1, 8) + minutes
        person, project = rng.randrange(2_000), rng.randrange(800)
        quarters, rate = rng.randint(1, 40), rng.randint(80, 320)
        approved = _STATUSES[n % 6] == "Approved"
        yield {
            "Id": f"a0T{n:015d}",
            "Name": f"TE-{n:09d}",
            "ResourceId": f"a0R{person:015d}",
            "ResourceEmail": f"person.{person:04d}@example.com",
            "ProjectId": f"a0P{project:015d}",
            "ProjectCode": f"PRJ-{project:05d}",
            "AssignmentId": f"a0A{person * 800 + project:015d}",
            "TaskName": _TASKS[n % 5],
            "WorkDate": created.date().isoformat(),
            "Hours": quarters / 4,
            "CostRate": rate / 2,
            "BillRate": rate,
            "Amount": quarters / 4 * rate,
            "CurrencyCode": ("USD", "EUR", "GBP")[project % 3],
            "IsBillable": project % 7 != 0,
            "IsBilled": n % 3 == 0,
            "Status": _STATUSES[n % 6],
            "ApprovedById": f"a0R{person // 10:015d}" if approved else None,
            "ApprovedAt": _moment(created + timedelta(days=3)) if approved else None,
            "SubmittedAt": _moment(created + timedelta(days=1)),
            "Notes": f"Worked on {_TASKS[n % 5].lower()} for {project:05d}, see the minutes of week {n % 52 + 1}",
            "SequenceNumber": n,
            "CreatedAt": _moment(created),
            "ModifiedAt": _moment(created + timedelta(days=4)),
            "IsDeleted": False,
        }


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds") + "+0000"


def render(rows: int) -> list[bytes]:
    """The pages as they go over the wire: an envelope with a link to the next one."""
    source = records(rows)
    pages: list[bytes] = []
    for start in range(0, rows, PAGE_ROWS):
        size = min(PAGE_ROWS, rows - start)
        last = start + size >= rows
        envelope: dict[str, object] = {"totalSize": rows, "done": last}
        if not last:
            envelope["nextRecordsUrl"] = f"/pages/{len(pages) + 1}"
        envelope["records"] = [next(source) for _ in range(size)]
        pages.append(json.dumps(envelope, separators=(",", ":")).encode())
    return pages


@contextmanager
def served(rows: int) -> Iterator[str]:
    """The address of the first page, served by a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.pages", "--rows", str(rows)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        address = process.stdout.readline().strip()
        if not address:
            raise RuntimeError("the page server did not start")
        try:
            yield address
        finally:
            process.stdin.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, required=True)
    pages = render(parser.parse_args().rows)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            body = pages[int(self.path.rsplit("/", 1)[1])]
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}/pages/0", flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
