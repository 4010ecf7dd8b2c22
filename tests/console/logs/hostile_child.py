"""Loads a hostile folder in a process of its own and says what became of it. Run by test_hostile.

`python -m tests.console.logs.hostile_child PLACE USER SECONDS`: the folder is `PLACE/logs`, the workspace lies in
`PLACE/own`. After so many seconds of the processor it is ended, and says where it was. A user other than 0 is become
once a harmless folder was loaded, so that all that is needed is there by then.
Prints one JSON document: figures for the test to compare with its bounds.
"""

from __future__ import annotations

import contextlib
import encodings
import faulthandler
import importlib
import io
import json
import os
import pkgutil
import random
import resource
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq

import console
from console.__main__ import main as front_door
from console.jobs import SilentJob
from console.session import Session
from console.store import FileView, QuarantineView
from tests.console.logs import hostile, hostile_forms

ADDRESSES = 12 << 30            # bytes of address space, of which far less may be in use
JOB = SilentJob()
POLLS = 5
PAGE = 200                      # records of a file in quarantine that are looked at, at its beginning and at its end
NOT_HERE = ("encodings.mbcs", "encodings.oem")      # of Windows
FILE_STATES = {"loaded", "loading", "following", "waiting", "rejected", "left alone"}


def main(place: Path, user: int, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 60))
    faulthandler.register(signal.SIGXCPU, chain=True)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    with tempfile.TemporaryDirectory() as folder:
        _harmless(Path(folder))
    if user:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    os.chdir(place / "own")
    before = _peak_mb()
    began = time.monotonic()
    figures = _hostile(place / "logs", place / "own")
    print(json.dumps({**figures, "seconds": round(time.monotonic() - began, 2), "warm_mb": before,
                      "peak_mb": _peak_mb(), "user": os.getuid(), "processor_s": round(time.process_time(), 2),
                      "threads": sorted(each.name for each in threading.enumerate() if not each.daemon)}))


def _peak_mb() -> int:
    """Of this program: what the system gives as the most so far begins with that of the process that started it."""
    with contextlib.suppress(OSError, StopIteration), open("/proc/self/status") as told:
        return int(next(line for line in told if line.startswith("VmHWM")).split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _harmless(place: Path) -> None:
    """Every kind of file, every command, once; all modules and encodings."""
    for package in (console, encodings):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not module.name.endswith("__main__") and module.name not in NOT_HERE:
                importlib.import_module(module.name)
    chance = random.Random(0)
    logs = place / "logs"
    logs.mkdir()
    (logs / "good.jsonl").write_bytes(b"\n".join(hostile.lines(chance, 300)) + b"\n")
    (logs / "good.csv").write_bytes(b"\n".join(hostile.table(chance, 300)) + b"\n")
    hostile.packed(chance, logs / "some.csv.gz")
    (logs / "server.log").write_text(30 * (hostile_forms.LINES["access-log"] + "\n"))
    pq.write_table(pa.table({"ts": [hostile.START + number for number in range(300)]}), logs / "some.parquet")
    (place / "own").mkdir()
    _hostile(logs, place / "own", judge=False)


def _hostile(logs: Path, own: Path, *, judge: bool = True) -> dict[str, Any]:
    """Loads, loads again, follows, looks at the views, runs the commands. judge: what must hold is looked at"""
    figures: dict[str, Any] = {}
    workspace = own / "w.pilot"
    with contextlib.closing(Session.open(logs, workspace=workspace)) as session:
        began = time.monotonic()
        session.load(JOB)
        figures["load_s"] = round(time.monotonic() - began, 2)
        figures["load_mb"] = _peak_mb()
        first = _content(session)
        if judge:
            figures |= _accounts(session, logs)
        began = time.monotonic()
        session.load(JOB)
        figures["again_s"] = round(time.monotonic() - began, 2)
        _same(_content(session), first, "a second load")
        began = time.monotonic()
        for _ in range(POLLS):
            session.poll(JOB)
        figures["poll_s"] = round((time.monotonic() - began) / POLLS, 2)
        _same(_content(session), first, "following")
        began = time.monotonic()
        _views(session)
        figures["views_s"] = round(time.monotonic() - began, 2)
        if judge:
            _accounts(session, logs)
    figures["commands"] = _commands(logs, workspace, own, first)
    return figures


def _content(session: Session) -> dict[str, Any]:
    """What is known of every file, and how many rows lie in the tables; no figures of the files themselves."""
    return {"files": {(file.path, file.stream): (file.state, file.records, file.rows_loaded, file.rows_quarantined,
                                                 file.rows_ignored, file.note)
                      for file in session.store.files()},
            "rows": _rows(session), "totals": session.store.totals(), "quarantine": session.store.quarantine_reasons()}


def _same(now: dict[str, Any], before: dict[str, Any], what: str) -> None:
    for part, wanted in before.items():
        if now[part] != wanted:
            if isinstance(wanted, dict):
                changed = {key: (wanted.get(key), now[part].get(key)) for key in wanted.keys() | now[part].keys()
                           if wanted.get(key) != now[part].get(key)}
                raise AssertionError(f"{what} changed {part}: {changed}")
            raise AssertionError(f"{what} changed {part}: {wanted} is now {now[part]}")


def _rows(session: Session) -> Counter[str]:
    """Rows in the tables, by the path of their file, counted there."""
    found: Counter[str] = Counter()
    for stream in session.store.streams():
        for path, count in session.store.cursor().execute(
                f"SELECT f.path, count(*) FROM {stream.table} r JOIN files f ON f.file_id = r._file GROUP BY f.path"
        ).fetchall():
            found[path] += count
    return found


# ------------------------------------------------------------------------------------------------ what must hold

def _accounts(session: Session, logs: Path) -> dict[str, Any]:
    """Every file has its sum or a reason, every row its file, every record in quarantine its place."""
    files = session.store.files()
    by_path: dict[str, list[FileView]] = {}
    for file in files:
        by_path.setdefault(file.path, []).append(file)
        assert file.state in FILE_STATES, file
        assert file.records == file.rows_loaded + file.rows_quarantined + file.rows_ignored, file
        assert file.rows_ignored == sum(file.ignored.values()), file
        if file.state in ("rejected", "left alone"):
            assert file.note.strip() and not file.records, file
    assert by_path["good.jsonl"][0].rows_loaded == hostile.GOOD_ROWS, by_path["good.jsonl"]
    rows = _rows(session)
    assert rows == +Counter({path: sum(each.rows_loaded for each in named) for path, named in by_path.items()}), (
        {path: (rows[path], named) for path, named in by_path.items()
         if rows[path] != sum(each.rows_loaded for each in named)})
    missing = [path for path in _on_disk(logs) if path not in by_path and not _within(path, by_path)]
    assert not missing, f"nobody speaks of {missing}"
    _lines(logs, by_path, {stream.name for stream in session.store.streams() if stream.dialect})
    _places(session, logs, by_path)
    return {"files": len(files), "states": Counter(file.state for file in files), "rows": sum(rows.values()),
            "quarantined": sum(file.rows_quarantined for file in files),
            "ignored": sum(file.rows_ignored for file in files)}


def _on_disk(logs: Path) -> Iterator[str]:
    """Everything in the folder that is no folder, and links, as the ledger spells it."""
    for place, folders, names in os.walk(logs):
        for name in [*names, *(each for each in folders if os.path.islink(os.path.join(place, each)))]:
            path = os.path.relpath(os.path.join(place, name), logs)
            yield os.fsencode(path).decode("utf-8", "backslashreplace")


def _within(path: str, by_path: dict[str, list[FileView]]) -> bool:
    """Whether a folder around it was refused."""
    parts = path.split("/")
    return any(each.note for at in range(1, len(parts)) for each in by_path.get("/".join(parts[:at]), ()))


def _lines(logs: Path, by_path: dict[str, list[FileView]], of_tools: set[str]) -> None:
    """Of JSON lines that were read whole, every line is a record, or several in a tool's form: counted on the disk."""
    for path, named in by_path.items():
        place = logs / path
        if not path.endswith(".jsonl") or any(each.state not in ("loaded", "following") for each in named):
            continue
        content = place.read_bytes()
        if content[:4] in (b"\x28\xb5\x2f\xfd",) or content[:2] in (b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff"):
            continue
        if content.lstrip(b"\xef\xbb\xbf \r\n")[:1] != b"{" or sum(each.offset for each in named) != len(content):
            continue
        count = content.count(b"\n") + (not content.endswith(b"\n"))
        records = sum(each.records for each in named)
        assert records == count or (records > count and named[0].stream in of_tools), (path, count, named)


def _places(session: Session, logs: Path, by_path: dict[str, list[FileView]]) -> None:
    """Of each record in quarantine: file, line and reason, and the byte where it stands on the disk."""
    [(count,)] = session.store.cursor().execute("SELECT count(*) FROM quarantine").fetchall()
    assert count == sum(each.rows_quarantined for named in by_path.values() for each in named)
    kept: list[QuarantineView] = []
    for path, named in by_path.items():
        if not (count := sum(each.rows_quarantined for each in named)):
            continue
        pages = [session.quarantine(PAGE, file=path), session.quarantine(PAGE, max(PAGE, count - PAGE), file=path)]
        assert sum(map(len, pages)) == min(count, 2 * PAGE), (path, count)
        kept += [*pages[0], *pages[1]]
    contents: dict[str, bytes] = {}
    for bad in kept:
        assert bad.path in by_path and bad.line >= 1 and bad.reason.strip() and len(bad.raw) <= 4000, bad
        [file, *_] = by_path[bad.path]
        if bad.byte_offset is None:
            continue
        assert 0 <= bad.byte_offset <= file.offset, (bad, file)
        if bad.path not in contents:
            contents[bad.path] = (logs / bad.path).read_bytes()
        content = contents[bad.path]
        if content[:2] in (b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff", b"\x28\xb5") or content[:4] == b"PAR1":
            continue
        line = 1 + content.count(b"\n", 0, bad.byte_offset)
        assert bad.line == line, (bad, line)
        assert not bad.byte_offset or content[bad.byte_offset - 1: bad.byte_offset] == b"\n" or (
            content.startswith(b"\xef\xbb\xbf") and bad.byte_offset == 3), bad
        begins = content[bad.byte_offset: bad.byte_offset + 20].decode("ascii", "replace").partition("\n")[0]
        if begins.isprintable() and begins.isascii():
            assert bad.raw.startswith(begins.strip()[:10]) or bad.raw.lstrip().startswith(begins.strip()[:10]), (
                bad, begins)
    for bad in kept[:: max(1, len(kept) // 20)]:
        session.raw_record(bad)


def _views(session: Session) -> None:
    """All that the window shows of a folder."""
    view = session.sources()
    assert view.files and view.streams
    status = session.status()
    assert status.rows == session.store.totals().rows_loaded
    session.overview()
    session.board()
    session.suggest_windows()


# ------------------------------------------------------------------------------------------------ the command line

def _commands(logs: Path, workspace: Path, own: Path, first: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, arguments in (
            ("load", ["load", str(logs), "--workspace", str(workspace), "--json"]),
            ("drift", ["drift", str(workspace), "--reference", "start..start+5m", "--current", "end-5m..end",
                       "--json"]),
            ("report", ["report", str(workspace), "--out", str(own / "r.html")]),
            ("metrics", ["metrics", str(workspace), "--metric", "throughput", "--json"])):
        began = time.monotonic()
        code, out, err = _command(arguments)
        said[name] = {"code": code, "seconds": round(time.monotonic() - began, 2), "said": err[-300:]}
        assert code in (0, 2) and "Traceback" not in err, (name, code, err)
        if name in ("load", "drift", "metrics") and not code:
            document = json.loads(out)
            if name == "load":
                assert document["rows_loaded"] == first["totals"].rows_loaded, document
                assert document["rows_read"] == sum(
                    document[each] for each in ("rows_loaded", "rows_quarantined", "rows_ignored")), document
    assert said["load"]["code"] == 0, said
    return said


def _command(arguments: list[str]) -> tuple[int, str, str]:
    """Exit code and what a command wrote, run in this process: another could not be started by every user."""
    out, err = io.StringIO(), io.StringIO()
    code: Any = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), patch.object(
            sys, "argv", ["pilothouse", *arguments]):
        try:
            front_door()
        except SystemExit as end:
            code = end.code
    return int(code or 0), out.getvalue(), err.getvalue()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
