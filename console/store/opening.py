"""Opening a workspace file: who has it, whether it is ours, and which version of the schema it has."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable
from pathlib import Path

import duckdb

from console.errors import BadSettings, CannotWrite, ConsoleError, WorkspaceBusy, WorkspaceTooNew
from console.roles import Role
from console.store import catalog, halves, outcomes, refreshing, rollups, views
from console.store.asking import one
from console.store.derived import derived
from console.store.names import FAILED, quoted
from console.store.queries import sql
from console.store.rolled import is_binned

SCHEMA_VERSION = 9


def _half_rows(con: duckdb.DuckDBPyConnection) -> None:
    """1 to 2: rows may be halves of an event."""
    con.execute(sql("store/migrate_1_to_2"))
    for (table,) in con.execute('SELECT "table" FROM streams').fetchall():
        con.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN _half TINYINT")
        con.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN _filled VARCHAR")
    views.rebuild(con, catalog.read(con))


def _numbered_quarantine(con: duckdb.DuckDBPyConnection) -> None:
    """2 to 3: records in quarantine can be read again."""
    con.execute(sql("store/migrate_2_to_3"))


def _derived_columns(con: duckdb.DuckDBPyConnection) -> None:
    """3 to 4: rollups count what is derived from several columns, and keep bins of answers: those are made again."""
    con.execute(sql("store/migrate_3_to_4"))
    streams = halves.flagged(catalog.read(con))
    for stream in streams.values():
        bins = any(is_binned(column) and column.role in (Role.SCORE, Role.PREDICTION) for column in stream.columns)
        if bins or any(each.name != FAILED for each in derived(stream)):
            rollups.start_again(con, stream)
            refreshing.refresh(con, stream)     # at once: who opens the workspace alone never loads anything
    outcomes.refresh(con, streams)


def _alarms(con: duckdb.DuckDBPyConnection) -> None:
    """4 to 5: alarms are kept."""
    con.execute(sql("store/migrate_4_to_5"))


def _incident_edits(con: duckdb.DuckDBPyConnection) -> None:
    """5 to 6: what is done to incidents is kept."""
    con.execute(sql("store/migrate_5_to_6"))


def _snapshots(con: duckdb.DuckDBPyConnection) -> None:
    """6 to 7: charts and drift results are kept with an incident."""
    con.execute(sql("store/migrate_6_to_7"))


def _rollouts(con: duckdb.DuckDBPyConnection) -> None:
    """7 to 8: rehearsals of rollouts are kept."""
    con.execute(sql("store/migrate_7_to_8"))


def _results(con: duckdb.DuckDBPyConnection) -> None:
    """8 to 9: results are kept as they were seen."""
    con.execute(sql("store/migrate_8_to_9"))


MIGRATIONS: dict[int, Callable[[duckdb.DuckDBPyConnection], None]] = {
    1: _half_rows, 2: _numbered_quarantine, 3: _derived_columns, 4: _alarms,
    5: _incident_edits, 6: _snapshots, 7: _rollouts, 8: _results}
"""From each older version to the next one; a version without an entry is refused with a word."""

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "preserve_insertion_order": False,      # rows carry their number in the file; alone it makes a load 1.25x faster
    "checkpoint_threshold": "1GB",          # automatic checkpoints are the stalls of a live tail: done when idle
    "write_buffer_row_group_count": 1,      # five held 250 MB of a load back, and it was no faster
    "python_enable_replacements": False,    # a table that is not there must not become a variable of ours
    "disabled_optimizers": "projection_placement",  # it planned an INSERT of 1,500 columns for 30 s; now it is 2.6
}

MOST_MEMORY_MB = 4096
"""That the database holds; by itself it takes four fifths of the machine's. What is more waits on the disk: a column
that comes late is made in memory for all rows, and 900 of them on a million rows were 7 GB."""

LEAST_MEMORY_MB, MEMORY_OF_COLUMN_MB = 128, 4
"""Of a load of text: what is held at all, and for each column that a thread packs. More would keep blocks that are in
the file already."""

_open_here: set[Path] = set()
_guard = threading.Lock()


def connect(path: Path, *, fresh: bool) -> tuple[duckdb.DuckDBPyConnection, Path]:
    """A connection and the file it is on: `path`, or for a fresh one that is busy a new file beside it."""
    path = path.expanduser().resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"The folder of the workspace could not be made ({error.strerror})", where=str(path.parent),
                          do="Choose another place with --workspace") from error
    if fresh:
        path = _cleared(path)
    _claim(path)
    try:
        con = _connect(path)
    except BaseException:
        release(path)
        raise
    try:
        _fit(con, path)
    except BaseException:
        con.close()
        release(path)
        raise
    return con, path


def release(path: Path) -> None:
    """This process no longer has the file open."""
    with _guard:
        _open_here.discard(path)


def _claim(path: Path) -> None:
    with _guard:
        if path in _open_here:
            raise WorkspaceBusy("This workspace is already open in this program", where=str(path),
                                do="Use the window that has it, or --fresh")
        _open_here.add(path)


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        con = duckdb.connect(str(path), config=SETTINGS)
        con.execute("SET GLOBAL TimeZone = 'UTC'")
        _hold_no_more(con)
    except duckdb.Error as error:
        raise _explained(error, path) from error
    return con


def _hold_no_more(con: duckdb.DuckDBPyConnection) -> None:
    """Lower its limit of memory; on a small machine its own is lower still."""
    found = re.fullmatch(r"([0-9.]+) ([KMGT])iB", str(one(con, "SELECT current_setting('memory_limit')")[0]))
    if found is None or float(found[1]) * 1024 ** ("KMGT".index(found[2]) - 1) > MOST_MEMORY_MB:
        con.execute(f"SET GLOBAL memory_limit = '{MOST_MEMORY_MB}MiB'")


def let_go(con: duckdb.DuckDBPyConnection, keep_bytes: int) -> None:
    """Let go of blocks of tables that were read or written, but for the youngest so many bytes: they are in the file.

    The database keeps all of them up to its limit of memory, and lets go when that is lowered: for a moment, and by no
    more than they are, so that a query that goes on meanwhile has as much as before.
    """
    held = dict(con.execute("SELECT tag, memory_usage_bytes FROM duckdb_memory()").fetchall())
    spare = held.get("BASE_TABLE", 0) - keep_bytes
    if spare <= 0:
        return
    before = one(con, "SELECT current_setting('memory_limit')")[0]
    try:
        con.execute(f"SET GLOBAL memory_limit = '{max(sum(held.values()) - spare, keep_bytes)}B'")
    except duckdb.Error:
        pass        # they are in use: the next time will do
    finally:
        con.execute(f"SET GLOBAL memory_limit = '{before}'")


def let_go_of_all(con: duckdb.DuckDBPyConnection) -> None:
    """Let go of every block that nobody uses, and of what is remembered of those that are gone: a hundred of them for
    each look at a log that grows, and the database forgets them only when it looks for room in vain. A limit that it
    cannot keep to makes it do so, and then stays what it was; for when all that was committed is in the file."""
    before = one(con, "SELECT current_setting('memory_limit')")[0]
    try:
        con.execute("SET GLOBAL memory_limit = '1B'")
    except duckdb.Error:
        return      # as it should be
    con.execute(f"SET GLOBAL memory_limit = '{before}'")


def tells_progress(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The same connection; how far its statements are can be asked for, and is not written over what we say."""
    con.execute("SET enable_progress_bar = true")
    con.execute("SET enable_progress_bar_print = false")
    return con


def spare(con: duckdb.DuckDBPyConnection, columns: int) -> None:
    """For a load of text, which needs memory beside the database: it holds little but what it works on.

    columns  of the widest table
    """
    wanted = LEAST_MEMORY_MB + MEMORY_OF_COLUMN_MB * columns * int(one(con, "SELECT current_setting('threads')")[0])
    spare_no_more(con)
    if wanted < MOST_MEMORY_MB:
        with contextlib.suppress(duckdb.Error):     # more than that is in use: the next time will do
            con.execute(f"SET GLOBAL memory_limit = '{wanted}MiB'")


def spare_no_more(con: duckdb.DuckDBPyConnection) -> None:
    """The limit that it opened with."""
    con.execute("RESET GLOBAL memory_limit")
    _hold_no_more(con)


def _explained(error: duckdb.Error, path: Path) -> ConsoleError:
    said = str(error)
    if "lock" in said.lower():
        owner = re.search(r"PID (\d+)", said)
        who = f"process {owner[1]}" if owner else "another process"
        return WorkspaceBusy(f"The workspace is in use by {who}", where=str(path),
                             do="Close it there, or use --fresh for a new workspace beside it")
    if "different configuration" in said:
        return WorkspaceBusy("This workspace is already open in this program", where=str(path), do="Use --fresh")
    if "not a valid DuckDB" in said:
        return CannotWrite("This file is no workspace", where=str(path), do="Choose another name with --workspace")
    if re.search(r"newer|version number", said):
        return WorkspaceTooNew("The workspace was written by a later version of the database", where=str(path),
                               do="Update Pilothouse, or use --fresh")
    return CannotWrite(f"The workspace could not be opened ({said.splitlines()[0]})", where=str(path),
                       do="Choose another place with --workspace")


def _fit(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Make the schema in an empty file, bring an older one up, refuse a newer one and what is not ours."""
    names = {row[0] for row in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if not names:
        try:
            con.begin()
            con.execute(sql("store/schema"))
            con.execute("INSERT INTO meta VALUES ('schema_version', ?)", [str(SCHEMA_VERSION)])
            con.commit()
        except duckdb.Error as error:
            raise CannotWrite(f"The workspace could not be written ({str(error).splitlines()[0]})", where=str(path),
                              do="Choose another place with --workspace") from error
        return
    found = one(con, "SELECT value FROM meta WHERE key = 'schema_version'") if "meta" in names else ()
    if not found:
        raise CannotWrite("This database is no workspace of Pilothouse", where=str(path),
                          do="Choose another name with --workspace")
    version = int(found[0])
    if version > SCHEMA_VERSION:
        raise WorkspaceTooNew(f"The workspace has schema version {version}; this program knows {SCHEMA_VERSION}",
                              where=str(path), do="Update Pilothouse, or use --fresh to load the logs again")
    while version < SCHEMA_VERSION:
        if version not in MIGRATIONS:
            raise CannotWrite(f"The workspace has the old schema version {version}, which can no longer be brought up",
                              where=str(path), do="Use --fresh to load the logs again")
        con.begin()
        MIGRATIONS[version](con)
        version += 1
        con.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", [str(version)])
        con.commit()


def _cleared(path: Path) -> Path:
    """Where a fresh workspace goes: in place of the old one, or beside it while somebody has that open.

    A file that is no workspace is never deleted, whatever it is called.
    """
    number = 1
    place = path
    while place.exists():
        try:
            _claim(place)
        except WorkspaceBusy:
            number, place = number + 1, _beside(path, number + 1)
            continue
        try:
            con = _connect(place)
            try:
                tables, ours = one(con, "SELECT count(*), count(*) FILTER (table_name = 'meta') FROM duckdb_tables()")
            finally:
                con.close()
        except WorkspaceBusy:
            number, place = number + 1, _beside(path, number + 1)
            continue
        finally:
            release(place)
        if tables and not ours:
            raise CannotWrite("This database is no workspace of Pilothouse", where=str(place),
                              do="Choose another name with --workspace")
        try:
            place.unlink()
            Path(f"{place}.wal").unlink(missing_ok=True)
        except OSError as error:
            raise CannotWrite(f"The old workspace could not be removed ({error.strerror})", where=str(place),
                              do="Choose another place with --workspace") from error
    return place


def _beside(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}-{number}{path.suffix}")


def remember_folder(con: duckdb.DuckDBPyConnection, folder: Path | None, path: Path) -> Path | None:
    """The folder that the workspace belongs to; raises BadSettings when it belongs to another one that still exists."""
    found = one(con, "SELECT value FROM meta WHERE key = 'folder'")
    known = Path(found[0]) if found else None
    if folder is None:
        return known
    folder = folder.expanduser().resolve()
    if known is not None and known != folder and known.exists():
        raise BadSettings(f"The workspace belongs to the folder {known}", where=str(path),
                          do="Give another --workspace, or use --fresh")
    con.execute("DELETE FROM meta WHERE key = 'folder'")
    con.execute("INSERT INTO meta VALUES ('folder', ?)", [str(folder)])
    return folder
