"""`pilothouse.toml`: what the user said about a folder, kept in the folder."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from console.errors import BadSettings, CannotWrite
from console.logs.names import SETTINGS
from console.logs.times import checked_zone
from console.roles import ColumnType, Role, StreamKind

NO_ROLE = "none"
"""The role of a column that the user wants to mean nothing."""

HEADER = """\
# What Pilothouse was told about this folder. Written by the window when columns are corrected, and free to be edited;
# the window keeps the values and not the comments. All of it is optional: what is not said here is guessed.
"""

MOST_BYTES = 1_000_000


class ColumnSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One column. `role` is a role's name or "none"; `type` is number, text, time or flag."""

    role: str | None = None
    unit: str | None = None
    type: ColumnType | None = None


class StreamSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One stream, by its name. `columns` by their names in the log."""

    kind: StreamKind | None = None
    zone: str | None = None
    columns: dict[str, ColumnSettings] = {}


class FolderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The whole file. `zone` is that of times without one, for all streams that do not name their own."""

    zone: str | None = None
    streams: dict[str, StreamSettings] = {}


ALLOWED: dict[str, str] = {
    "zone": "a name as in Europe/Berlin or UTC",
    "kind": ", ".join(StreamKind),
    "role": ", ".join([*Role, NO_ROLE]),
    "type": ", ".join(ColumnType),
    "unit": "ms, s, us, ns, min, %, share, B, KB, MB, GB or another word",
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
        lines.append(f"zone = {_quoted(settings.zone)}\n")
    for name, stream in sorted(settings.streams.items()):
        lines.append(f"[streams.{_quoted(name)}]")
        if stream.kind is not None:
            lines.append(f"kind = {_quoted(stream.kind)}")
        if stream.zone is not None:
            lines.append(f"zone = {_quoted(stream.zone)}")
        lines.append("")
        for column, said in sorted(stream.columns.items()):
            lines.append(f"[streams.{_quoted(name)}.columns.{_quoted(column)}]")
            for key in ("role", "unit", "type"):
                value = getattr(said, key)
                if value is not None:
                    lines.append(f"{key} = {_quoted(value)}")
            lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def with_columns(settings: FolderSettings, stream: str, columns: Mapping[str, tuple[Role | None, str]], *,
                 zone: str | None = None, kind: StreamKind | None = None) -> FolderSettings:
    """The settings with the user's roles and units for some columns of a stream, given by their names in the log."""
    before = settings.streams.get(stream, StreamSettings())
    said = dict(before.columns)
    for name, (role, unit) in columns.items():
        old = said.get(name, ColumnSettings())
        said[name] = ColumnSettings(role=role.value if role else NO_ROLE, unit=unit, type=old.type)
    after = StreamSettings(kind=kind or before.kind, zone=zone or before.zone, columns=said)
    return FolderSettings(zone=settings.zone, streams={**settings.streams, stream: after})


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

    keys(raw, (), ("zone", "streams"), "")
    word(raw, (), "zone")
    streams = raw.get("streams", {})
    if not isinstance(streams, dict):
        raise fail(("streams",), "`streams` must be a table", 'Write it as [streams."name"]')
    for name, stream in streams.items():
        at: tuple[str, ...] = ("streams", name)
        keys(stream, at, ("kind", "zone", "columns"), '[streams."name"]')
        word(stream, at, "kind", tuple(StreamKind))
        word(stream, at, "zone")
        columns = stream.get("columns", {})
        if not isinstance(columns, dict):
            raise fail((*at, "columns"), "`columns` must be a table", 'Write it as [streams."name".columns."column"]')
        for column, said in columns.items():
            here = (*at, "columns", column)
            keys(said, here, ("role", "unit", "type"), '[streams."name".columns."column"]')
            word(said, here, "role", (*Role, NO_ROLE))
            word(said, here, "unit")
            word(said, here, "type", tuple(ColumnType))


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


def _quoted(text: str) -> str:
    """A TOML string: nothing in it can end it or start a key."""
    def escaped(letter: str) -> str:
        if letter in '"\\':
            return "\\" + letter
        return f"\\u{ord(letter):04x}" if ord(letter) < 32 or ord(letter) == 127 else letter
    return '"' + "".join(map(escaped, text.encode("utf-8", "replace").decode("utf-8"))) + '"'
