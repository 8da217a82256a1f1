"""The archive itself: what was put there is found again, and whatever is done to it afterwards is found out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.archive.blobs import Blobs
from ingestion.archive.chain import Chain, ChainError
from ingestion.archive.history import lineage, loads
from ingestion.archive.settings import open_store
from ingestion.archive.store import LocalStore, Store
from ingestion.archive.tape import Answer, Player, Recorder
from ingestion.archive.verify import Verdict, verify
from ingestion.config import ConfigurationError

SYSTEM = "fake"
BEGINNING = {"after": None, "objects": ["entries"], "domains": ["psa"], "version": "1"}


class Memory:
    """A store in this process."""

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self.files = dict(files or {})
        # What was read and listed.
        self.asked: list[str] = []

    def write(self, path: str, content: bytes) -> None:
        assert b"\n" not in self.files.get(path, b""), "what was written is never written again"
        self.files[path] = content

    def settle(self) -> None:
        pass

    def read(self, path: str) -> bytes:
        self.asked.append(path)
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path]

    def exists(self, path: str) -> bool:
        return path in self.files

    def names(self, folder: str) -> list[str]:
        self.asked.append(folder)
        below = [path.removeprefix(f"{folder}/") for path in self.files if path.startswith(f"{folder}/")]
        return sorted({path.partition("/")[0] for path in below})

    def delete(self, path: str) -> None:
        self.files.pop(path, None)


def load(store: Store, number: int) -> Chain:
    """One load of three answers, of which one is the same in every load."""
    chain = Chain(store, SYSTEM)
    recorder = Recorder(chain, Blobs(store, SYSTEM), BEGINNING)
    for path, body in (("/a", b"always the same"), ("/b", b"page %d" % number), ("/c", b"more %d" % number)):
        recorder.keep("GET", f"https://vendor.example{path}", None, Answer(body, 200, {"Date": "today"}))
    recorder.extracted(f"load-{number}")
    recorder.loaded()
    return chain


def archive() -> Memory:
    """An archive of three loads."""
    store = Memory()
    for number in range(3):
        load(store, number)
    return store


WHOLE = archive()
HEAD = Chain(WHOLE, SYSTEM).end
MANIFEST = sorted(path for path in WHOLE.files if "/manifest/" in path)
LINES = [line for path in MANIFEST for line in WHOLE.files[path].splitlines(keepends=True)]
ENTRIES = list(Chain(WHOLE, SYSTEM).entries())


def rewritten(lines: list[bytes]) -> Memory:
    """The archive with these lines in place of its own, in files of as many lines as before."""
    store, rest = Memory(WHOLE.files), list(lines)
    for path in MANIFEST:
        count = WHOLE.files[path].count(b"\n")
        store.files[path], rest = b"".join(rest[:count]), rest[count:]
    store.files[MANIFEST[-1]] += b"".join(rest)
    return store


def first_with(content: str) -> int:
    return next(e["number"] for e in ENTRIES if e.get("content") == content)


def checked(store: Store) -> Verdict:
    return verify(store, SYSTEM, HEAD)


def test_what_was_put_there_is_whole_and_is_found_again() -> None:
    verdict = checked(WHOLE)
    assert (verdict.is_whole, verdict.entries, verdict.contents) == (True, len(LINES), 9)
    answers = [e for e in ENTRIES if e["kind"] == "answer"]
    blobs = Blobs(WHOLE, SYSTEM)
    assert [blobs.get(e["content"], e["size"]) for e in answers[3:6]] == [b"always the same", b"page 1", b"more 1"]
    assert len(list(blobs.names())) == 7, "the same content is kept once"


@given(data=st.data())
def test_any_changed_byte_is_found_and_the_first_broken_entry_named(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(WHOLE.files)), "file")
    content = bytearray(WHOLE.files[path])
    place = data.draw(st.integers(0, len(content) - 1), "byte")
    content[place] ^= data.draw(st.integers(1, 255), "change")
    if "/blobs/" in path:
        expected = first_with(Path(path).stem)
    else:
        expected = int(Path(path).stem) + bytes(WHOLE.files[path][:place]).count(b"\n")
    assert checked(Memory({**WHOLE.files, path: bytes(content)})).broken == expected


@given(data=st.data())
def test_any_removed_line_is_found(data: st.DataObject) -> None:
    gone = data.draw(st.integers(0, len(LINES) - 1))
    assert checked(rewritten(LINES[:gone] + LINES[gone + 1 :])).broken == gone + 1


@given(data=st.data())
def test_any_two_lines_that_changed_places_are_found(data: st.DataObject) -> None:
    one, other = sorted(data.draw(st.lists(st.integers(0, len(LINES) - 1), min_size=2, max_size=2, unique=True)))
    lines = list(LINES)
    lines[one], lines[other] = lines[other], lines[one]
    assert checked(rewritten(lines)).broken == one + 1


@given(data=st.data())
def test_any_line_that_is_repeated_is_found(data: st.DataObject) -> None:
    again = data.draw(st.integers(0, len(LINES) - 1))
    to = data.draw(st.integers(again + 1, len(LINES)))
    assert checked(rewritten([*LINES[:to], LINES[again], *LINES[to:]])).broken == to + 1


@given(data=st.data())
def test_a_forged_line_with_a_hash_of_its_own_is_found(data: st.DataObject) -> None:
    forged = data.draw(st.integers(0, len(LINES) - 1))
    entry = {name: value for name, value in json.loads(LINES[forged]).items() if name != "hash"} | {"kind": "forged"}
    body = json.dumps(entry).encode()
    line = body[:-1] + b',"hash":"' + hashlib.sha256(body).hexdigest().encode() + b'"}\n'
    assert checked(rewritten([*LINES[:forged], line, *LINES[forged + 1 :]])).broken == forged + 1


@given(st.integers(0, len(LINES) - 1))
def test_a_tail_that_was_cut_off_is_found_through_the_warehouse(kept: int) -> None:
    verdict = checked(rewritten(LINES[:kept]))
    assert verdict.broken == kept + 1
    assert str(HEAD.number) in str(verdict.reason)


@given(st.sampled_from(sorted(path for path in WHOLE.files if "/blobs/" in path)))
def test_any_missing_content_is_found(path: str) -> None:
    store = Memory(WHOLE.files)
    store.delete(path)
    verdict = checked(store)
    assert (verdict.broken, "missing" in str(verdict.reason)) == (first_with(Path(path).stem), True)
    assert "GET https://vendor.example/" in str(verdict.reason), "it is said what was lost"


def test_a_chain_cannot_stand_in_for_that_of_another_system() -> None:
    moved = Memory({path.replace(SYSTEM, "other", 1): content for path, content in WHOLE.files.items()})
    assert verify(moved, "other", None).broken == 1


def test_an_archive_that_is_gone_is_found_through_the_warehouse() -> None:
    assert checked(Memory()).broken == 1


# --- crashes ---


@pytest.mark.parametrize("files", [len(MANIFEST), len(MANIFEST) - 1])
@given(data=st.data())
def test_the_chain_goes_on_behind_a_line_that_was_cut_by_a_crash(files: int, data: st.DataObject) -> None:
    store = Memory({path: content for path, content in WHOLE.files.items() if path not in MANIFEST[files:]})
    content = store.files[MANIFEST[files - 1]]
    lines = content.splitlines(keepends=True)
    store.files[MANIFEST[files - 1]] = content[: -data.draw(st.integers(1, len(lines[-1])), "lost")]
    entries = int(Path(MANIFEST[files - 1]).stem) + len(lines) - 2
    assert verify(store, SYSTEM, None) == Verdict(SYSTEM, entries, 9, 0)
    load(store, 4)
    assert verify(store, SYSTEM, None) == Verdict(SYSTEM, entries + 6, 12, 0)


def test_what_a_load_reads_of_the_manifest_does_not_grow_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # A folder holds few entries here, so that the chain reaches into many.
    monkeypatch.setattr("ingestion.archive.chain.FOLDER_ENTRIES", 10)
    store = archive()
    asked: list[int] = []
    for number in range(3, 40):
        store.asked.clear()
        chain = Chain(store, SYSTEM)
        assert [entry["kind"] for entry in chain.last("begin")][-2:] == ["extracted", "loaded"]
        load(store, number)
        asked.append(len(store.asked))
    assert len(store.names(f"{SYSTEM}/manifest")) > 20
    assert max(asked) <= min(asked) + 2, "two more where the last load begins in the folder before"
    assert verify(store, SYSTEM, None).is_whole


def test_contents_without_an_entry_break_nothing() -> None:
    store = Memory(WHOLE.files)
    Blobs(store, SYSTEM).put(b"the machine stopped before the manifest was written")
    assert checked(store).is_whole
    load(store, 4)
    assert checked(store).is_whole


def test_nothing_is_appended_to_a_manifest_whose_end_is_broken(tmp_path: Path) -> None:
    store = archive()
    store.files[MANIFEST[-1]] = store.files[MANIFEST[-1]].replace(b"loaded", b"failed")
    with pytest.raises(ChainError):
        load(store, 4)


# --- where it lies ---


@pytest.fixture(params=["folder", "memory://archive/below"])
def configured(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    if request.param != "folder":
        monkeypatch.setenv("ARCHIVE__BUCKET_URL", request.param)
    return open_store()


def test_an_archive_lies_in_a_folder_or_on_any_fsspec_filesystem(configured: Store) -> None:
    for number in range(2):
        load(configured, number)
    assert verify(configured, SYSTEM, None).is_whole
    assert configured.names("") == [SYSTEM]
    (name, *_) = Blobs(configured, SYSTEM).names()
    Blobs(configured, SYSTEM).delete(name)
    assert not verify(configured, SYSTEM, None).is_whole


def test_contents_are_plain_zstd_files_named_by_their_own_hash(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    name = Blobs(store, SYSTEM).put(b"[1, 2]")
    (path,) = tmp_path.rglob("*.zst")
    assert path.stem == name == hashlib.sha256(path.read_bytes()).hexdigest()
    assert pa.input_stream(str(path), compression="zstd").read() == b"[1, 2]"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("BUCKET_URL", "nowhere://bucket", "nowhere:// cannot be used"),
        ("KEEP_DAYS", "0", "set it to 1 or more"),
        ("KEEP_DAYS", "soon", "keep_days"),
    ],
)
def test_settings_that_cannot_be_used_are_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(f"ARCHIVE__{name}", value)
    with pytest.raises(ConfigurationError, match=told) as caught:
        open_store()
    assert "\n" not in str(caught.value)


# --- which loads raw is made of ---


def history(*steps: tuple[str, str | None, str]) -> list[str | None]:
    """The loads that raw is made of after ``steps``: (id, the one before it, how it ended)."""
    store = Memory()
    for load_id, after, end in steps:
        recorder = Recorder(Chain(store, SYSTEM), Blobs(store, SYSTEM), {**BEGINNING, "after": after})
        endings: dict[str, Callable[[], Any]] = {
            "loaded": lambda recorder=recorder, load_id=load_id: (recorder.extracted(load_id), recorder.loaded()),
            "killed": lambda recorder=recorder, load_id=load_id: recorder.extracted(load_id),
            "failed": lambda recorder=recorder: recorder.failed(OSError()),
        }
        endings[end]()
    return [load.load_id for load in lineage(loads(Chain(store, SYSTEM).entries()))]


def test_raw_is_made_of_the_loads_that_the_warehouse_took() -> None:
    assert history(("1", None, "loaded"), ("2", "1", "failed"), ("3", "1", "loaded")) == ["1", "3"]


def test_a_load_that_was_killed_behind_its_commit_counts_when_the_next_one_finds_it() -> None:
    assert history(("1", None, "loaded"), ("2", "1", "killed"), ("3", "2", "loaded")) == ["1", "2", "3"]
    assert history(("1", None, "loaded"), ("2", "1", "killed"), ("3", "1", "loaded")) == ["1", "3"]


def test_a_warehouse_that_was_restored_or_deleted_has_another_past() -> None:
    assert history(("1", None, "loaded"), ("2", "1", "loaded"), ("3", "1", "loaded")) == ["1", "3"]
    assert history(("1", None, "loaded"), ("2", None, "loaded"), ("3", "2", "loaded")) == ["2", "3"]


@pytest.mark.parametrize("whole", [True, False])
def test_a_replay_asks_for_as_much_as_was_asked_then(whole: bool) -> None:
    chain, blobs = Chain(Memory(), SYSTEM), Blobs(Memory(), SYSTEM)
    Recorder(chain, blobs, BEGINNING | {"whole": whole}).loaded()
    assert Player(SYSTEM, chain.entries(), blobs).is_whole is whole
