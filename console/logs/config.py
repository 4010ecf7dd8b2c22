"""`pilothouse.toml`: what the user said about a folder, kept in the folder."""

from __future__ import annotations

import datetime
import fnmatch
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from console.errors import BadSettings, CannotWrite
from console.logs.names import SETTINGS
from console.logs.times import checked_zone
from console.roles import SERIES_ROLES, ColumnType, Role, StreamKind, TimeFormat

NO_ROLE = "none"
"""The role of a column that the user wants to mean nothing."""

HEADER = """\
# What Pilothouse was told about this folder. Written by the window when columns are corrected, and free to be edited;
# the window keeps the values and not the comments. All of it is optional: what is not said here is guessed.
"""

PATH_ROLES = tuple(role.value for role in SERIES_ROLES)
"""Roles that a value in the path may have: those that series are kept apart by."""

MOST_BYTES = 1_000_000


class ColumnSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One column. `role` is a role's name or "none"; `type` is number, text, time or flag."""

    role: str | None = None
    unit: str | None = None
    type: ColumnType | None = None
    time_format: TimeFormat | None = None


class StreamSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One stream, by its name. `columns` by their names in the log.

    names  of the columns of files that have no header, in their order
    path   role -> where in a file's path its value stands: "level:1" or "regex:..."
    half_of  the stream whose events these rows complete by request id; "": none, whatever the ids say
    """

    kind: StreamKind | None = None
    zone: str | None = None
    names: tuple[str, ...] = ()
    path: dict[str, str] = {}
    columns: dict[str, ColumnSettings] = {}
    half_of: str | None = None


class FolderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The whole file. `zone` is that of times without one, for all streams that do not name their own.

    leave_out  patterns of paths of files that are not to be loaded; `*` stands for any letters, slashes too
    alarm      tables as they stand there: what they mean is known to the alarms, who read and check them
    metric     likewise, known to the session: metrics of the user's own
    churn_days a user who stays away for so long has left
    prices     of a million tokens, `input` and `output`
    event      likewise, known to the session: the calendar of known events; advice: what answers cost
    redact     columns whose values leave in no report; keep: those that may, though they seem to be about persons
    """

    zone: str | None = None
    leave_out: tuple[str, ...] = ()
    streams: dict[str, StreamSettings] = {}
    alarm: tuple[dict[str, Any], ...] = ()
    metric: tuple[dict[str, Any], ...] = ()
    churn_days: float | None = None
    prices: dict[str, float] = {}
    redact: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    event: tuple[dict[str, Any], ...] = ()
    advice: dict[str, Any] = {}


ALLOWED: dict[str, str] = {
    "zone": "a name as in Europe/Berlin or UTC",
    "kind": ", ".join(StreamKind),
    "role": ", ".join([*Role, NO_ROLE]),
    "type": ", ".join(ColumnType),
    "unit": "ms, s, us, ns, min, %, share, B, KB, MB, GB or another word",
    "time_format": ", ".join(TimeFormat),
    "half_of": 'the name of another stream, or "" for none',
    "names": 'one name a column, as in ["age", "price"]',
    "leave_out": 'patterns of paths, as in ["old/*", "*.bak"]',
    "redact": 'names of columns, as in ["customer"]',
    "keep": 'names of columns, as in ["zip"]',
    "path": '"level:1" for the first folder, or "regex:" and an expression with one group',
}


def read(folder: Path) -> FolderSettings:
    """The settings of a folder, all empty when it has no file. Raises BadSettings with the line and what is allowed."""
    path = folder / SETTINGS
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadSettings(f"The file is larger than {MOST_BYTES:,} bytes", where=SETTINGS, do="Make it shorter")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return FolderSettings()
    except UnicodeDecodeError as error:
        raise BadSettings("The file is not UTF-8 text", where=SETTINGS, do="Save it as UTF-8") from error
    except OSError as error:
        raise BadSettings(f"The file could not be read ({error.strerror or error})", where=SETTINGS,
                          do="Give this user the right to read it, or remove it") from error
    return parse(text)


def parse(text: str) -> FolderSettings:
    """The settings in this text; raises BadSettings."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at (?:line (\d+), column \d+|end of document)\)", str(error))
        line = found[1] if found and found[1] else str(text.count("\n") + 1)
        what = re.sub(r" \(at .*\)$", "", str(error))
        raise BadSettings(f"It is not valid TOML: {what}", where=f"{SETTINGS}, line {line}",
                          do="Mend this line; names with blanks or dots stand in quotes") from error
    _check(raw, text)
    try:
        return msgspec.convert(raw, FolderSettings)
    except msgspec.ValidationError as error:      # what `_check` does not know better
        raise BadSettings(str(error), where=SETTINGS, do="Compare it with the README") from error


def write(folder: Path, settings: FolderSettings) -> None:
    """Replace the file, whole or not at all. Raises CannotWrite, for instance in a read-only folder."""
    place = folder / f".{SETTINGS}.tmp"
    try:
        place.write_text(as_text(settings), encoding="utf-8", newline="\n")
        place.replace(folder / SETTINGS)
    except OSError as error:
        place.unlink(missing_ok=True) if os.access(folder, os.W_OK) else None
        raise CannotWrite(f"The settings could not be written ({error.strerror or error})",
                          where=str(folder / SETTINGS), do="They are kept beside the workspace instead") from error


def as_text(settings: FolderSettings) -> str:
    """The file: fixed order, streams and columns by name, so that a diff shows what changed."""
    lines = [HEADER]
    if settings.zone is not None:
        lines.append(f"zone = {quoted(settings.zone)}\n")
    if settings.leave_out:
        lines.append(f"leave_out = [{', '.join(map(quoted, settings.leave_out))}]\n")
    if settings.churn_days is not None:
        lines.append(f"churn_days = {_written(settings.churn_days)}\n")
    if settings.prices:
        lines.append(f"prices = {_written(settings.prices)}\n")
    if settings.advice:
        lines.append(f"advice = {_written(settings.advice)}\n")
    for key, columns in (("redact", settings.redact), ("keep", settings.keep)):
        if columns:
            lines.append(f"{key} = {_written(columns)}\n")
    for name, stream in sorted(settings.streams.items()):
        lines.append(f"[streams.{quoted(name)}]")
        if stream.kind is not None:
            lines.append(f"kind = {quoted(stream.kind)}")
        if stream.zone is not None:
            lines.append(f"zone = {quoted(stream.zone)}")
        if stream.names:
            lines.append(f"names = [{', '.join(map(quoted, stream.names))}]")
        if stream.half_of is not None:
            lines.append(f"half_of = {quoted(stream.half_of)}")
        lines.append("")
        if stream.path:
            lines.append(f"[streams.{quoted(name)}.path]")
            lines += [f"{role} = {quoted(where)}" for role, where in sorted(stream.path.items())]
            lines.append("")
        for column, said in sorted(stream.columns.items()):
            lines.append(f"[streams.{quoted(name)}.columns.{quoted(column)}]")
            for key in ("role", "unit", "type", "time_format"):
                value = getattr(said, key)
                if value is not None:
                    lines.append(f"{key} = {quoted(value)}")
            lines.append("")
    lines += as_tables("metric", settings.metric)
    lines += as_tables("alarm", settings.alarm)
    lines += as_tables("event", settings.event)
    return "\n".join(lines).rstrip("\n") + "\n"


def as_tables(name: str, tables: Iterable[Mapping[str, Any]]) -> list[str]:
    """Lines of an array of tables, `[[name]]`, each key in the order that it has."""
    lines = []
    for table in tables:
        lines.append(f"[[{name}]]")
        lines += [f"{_key(key)} = {_written(value)}" for key, value in table.items()]
        lines.append("")
    return lines


def _written(value: Any) -> str:
    """A value as TOML has it, tables inline."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return repr(value)
        case dict():
            return "{ " + ", ".join(f"{_key(key)} = {_written(item)}" for key, item in value.items()) + " }"
        case list() | tuple():
            return "[" + ", ".join(map(_written, value)) + "]"
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case _:
            return quoted(str(value))


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else quoted(name)


class ColumnAnswer(NamedTuple):
    """What the user said about a column; type and time format None: as they are."""

    role: Role | None
    unit: str
    type: ColumnType | None = None
    time_format: TimeFormat | None = None


Answer = ColumnAnswer | tuple[Role | None, str]


def with_columns(settings: FolderSettings, stream: str, columns: Mapping[str, Answer], *,
                 zone: str | None = None, kind: StreamKind | None = None) -> FolderSettings:
    """The settings with the user's answers for some columns of a stream, given by their names in the log."""
    before = settings.streams.get(stream, StreamSettings())
    said = dict(before.columns)
    for name, said_now in columns.items():
        answer = ColumnAnswer(*said_now)
        old = said.get(name, ColumnSettings())
        said[name] = ColumnSettings(answer.role.value if answer.role else NO_ROLE, answer.unit,
                                    answer.type or old.type, answer.time_format or old.time_format)
    return with_stream(settings, stream, columns=said, kind=kind or before.kind, zone=zone or before.zone)


def with_stream(settings: FolderSettings, stream: str, **changes: Any) -> FolderSettings:
    """The settings with other words about one stream."""
    after = msgspec.structs.replace(settings.streams.get(stream, StreamSettings()), **changes)
    return msgspec.structs.replace(settings, streams={**settings.streams, stream: after})


def over(settings: FolderSettings, more: FolderSettings) -> FolderSettings:
    """Both; where both speak, `more` wins."""
    streams = dict(settings.streams)
    for name, said in more.streams.items():
        before = streams.get(name, StreamSettings())
        streams[name] = StreamSettings(said.kind or before.kind, said.zone or before.zone, said.names or before.names,
                                       {**before.path, **said.path}, {**before.columns, **said.columns},
                                       before.half_of if said.half_of is None else said.half_of)
    leave_out = tuple(dict.fromkeys((*settings.leave_out, *more.leave_out)))
    return FolderSettings(more.zone or settings.zone, leave_out, streams, more.alarm or settings.alarm,
                          more.metric or settings.metric,
                          settings.churn_days if more.churn_days is None else more.churn_days,
                          {**settings.prices, **more.prices},
                          tuple(dict.fromkeys((*settings.redact, *more.redact))),
                          tuple(dict.fromkeys((*settings.keep, *more.keep))),
                          more.event or settings.event, {**settings.advice, **more.advice})


def left_out(path: str, patterns: Iterable[str]) -> str | None:
    """The first pattern that a file's path fits, None when it fits none."""
    return next((pattern for pattern in patterns if fnmatch.fnmatchcase(path, pattern)), None)


def path_values(where: str, paths: Sequence[str]) -> list[str | None]:
    """For each path of a file the value that stands in it, None where there is none.

    where  "level:1" is the first folder below the log folder, "level:2" the one below that; "regex:" is followed by an
           expression whose first group is the value. Raises BadSettings for anything else.
    """
    kind, _, rest = where.partition(":")
    if kind == "level" and rest.isascii() and rest.isdigit() and 0 < int(rest) < 100:
        folders = [path.split("/")[:-1] for path in paths]
        return [parts[int(rest) - 1] if len(parts) >= int(rest) else None for parts in folders]
    if kind != "regex" or not rest:
        raise BadSettings(f"{where!r} says no place in a path", do=f"Allowed: {ALLOWED['path']}")
    if not re.search(r"(?<!\\)\((?!\?)|\(\?P<", rest):
        raise BadSettings(f"{rest!r} is no expression with a group", do=f"Allowed: {ALLOWED['path']}")
    import duckdb  # its expressions cannot run away, whoever wrote them

    try:
        with duckdb.connect(":memory:") as con:
            rows = con.execute("SELECT regexp_extract(unnest(?::VARCHAR[]), ?, 1)", [list(paths) or [""], rest])
            values = [row[0] or None for row in rows.fetchall()]
    except duckdb.Error as error:
        raise BadSettings(f"{rest!r} is no expression with a group ({str(error).splitlines()[0][:120]})",
                          do=f"Allowed: {ALLOWED['path']}") from error
    return values[: len(paths)]


def _check(raw: dict[str, Any], text: str) -> None:
    """Every key and every word, with its line: an error here is read by the one who wrote the file."""
    def fail(path: tuple[str, ...], what: str, do: str) -> BadSettings:
        line = next((number for number, found in _lines(text) if found == path), None)
        return BadSettings(what, where=f"{SETTINGS}, line {line}" if line else SETTINGS, do=do)

    def keys(table: Any, path: tuple[str, ...], allowed: tuple[str, ...], example: str) -> None:
        if not isinstance(table, dict):
            raise fail(path, f"`{path[-1]}` must be a table", f"Write it as {example}")
        for key in table:
            if key not in allowed:
                raise fail((*path, key), f"There is no setting `{key}` here", f"Allowed are {', '.join(allowed)}")

    def word(table: dict[str, Any], path: tuple[str, ...], key: str, choices: tuple[str, ...] = ()) -> None:
        if key not in table:
            return
        value = table[key]
        if not isinstance(value, str):
            raise fail((*path, key), f"`{key}` must be text in quotes, not {value!r}", f"Allowed: {ALLOWED[key]}")
        if choices and value not in choices:
            raise fail((*path, key), f"There is no {key} {value!r}", f"Allowed: {ALLOWED[key]}")
        if key == "zone":
            try:
                checked_zone(value)
            except BadSettings as error:
                raise fail((*path, key), error.what, error.do) from error

    def words(table: dict[str, Any], path: tuple[str, ...], key: str) -> None:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            raise fail((*path, key), f"`{key}` must be a list of texts in quotes", f"Write {ALLOWED[key]}")

    keys(raw, (), ("zone", "leave_out", "streams", "alarm", "metric", "churn_days", "prices", "redact", "keep",
                   "event", "advice"), "")
    word(raw, (), "zone")
    for name in ("leave_out", "redact", "keep"):
        words(raw, (), name)
    if not isinstance(raw.get("advice", {}), dict):
        raise fail(("advice",), "`advice` must be a table", "Write it as [advice]")
    for name in ("alarm", "metric", "event"):
        tables = raw.get(name, [])
        if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            raise fail((name,), f"`{name}` must be a list of tables", f"Write each as [[{name}]]")
    if "churn_days" in raw and not _above_zero(raw["churn_days"]):
        raise fail(("churn_days",), f"`churn_days` must be a number above 0, not {raw['churn_days']!r}", "Write 28")
    prices = raw.get("prices", {})
    keys(prices, ("prices",), ("input", "output"), "prices = { input = 2.5, output = 10 }")
    for side, price in prices.items():
        if not _above_zero(price) and price != 0:
            raise fail(("prices", side), f"`{side}` must be the price of a million tokens, not {price!r}", "Write 2.5")
    streams = raw.get("streams", {})
    if not isinstance(streams, dict):
        raise fail(("streams",), "`streams` must be a table", 'Write it as [streams."name"]')
    for name, stream in streams.items():
        at: tuple[str, ...] = ("streams", name)
        keys(stream, at, ("kind", "zone", "names", "half_of", "path", "columns"), '[streams."name"]')
        word(stream, at, "kind", tuple(StreamKind))
        word(stream, at, "zone")
        word(stream, at, "half_of")
        words(stream, at, "names")
        places = stream.get("path", {})
        keys(places, (*at, "path"), PATH_ROLES, '[streams."name".path]')
        for role, where in places.items():
            try:
                path_values(where if isinstance(where, str) else "", [])
            except BadSettings as error:
                raise fail((*at, "path", role), error.what, error.do) from error
        columns = stream.get("columns", {})
        if not isinstance(columns, dict):
            raise fail((*at, "columns"), "`columns` must be a table", 'Write it as [streams."name".columns."column"]')
        for column, said in columns.items():
            here = (*at, "columns", column)
            keys(said, here, ("role", "unit", "type", "time_format"), '[streams."name".columns."column"]')
            word(said, here, "role", (*Role, NO_ROLE))
            word(said, here, "unit")
            word(said, here, "type", tuple(ColumnType))
            word(said, here, "time_format", tuple(TimeFormat))


def _above_zero(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


def _lines(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each line that names something, with the whole path of names."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            found = tomllib.loads(line)
        except tomllib.TOMLDecodeError:
            continue
        header = line.lstrip().startswith("[")
        for path in _paths(found):
            if header:
                table = path
                yield number, path
            else:
                yield number, table + path


def _paths(found: Any) -> Iterator[tuple[str, ...]]:
    while isinstance(found, list) and found:
        found = found[0]
    if not isinstance(found, dict) or not found:
        yield ()
        return
    for key, value in found.items():
        below = [path for path in _paths(value) if path]
        yield from [(key,), *[(key, *path) for path in below]] if not _only(value) else [(key, *path) for path in below]


def _only(value: Any) -> bool:
    """Whether this is one step of a table header such as [a.b.c]."""
    return isinstance(value, dict) and len(value) == 1


def quoted(text: str) -> str:
    """A TOML string: nothing in it can end it or start a key."""
    def escaped(letter: str) -> str:
        if letter in '"\\':
            return "\\" + letter
        return f"\\u{ord(letter):04x}" if ord(letter) < 32 or ord(letter) == 127 else letter
    return '"' + "".join(map(escaped, text.encode("utf-8", "replace").decode("utf-8"))) + '"'
