"""What all commands share: opening, progress, times, JSON."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from console.clock import now
from console.errors import BadSettings
from console.metrics.format import format_exact
from console.metrics.grid import parse_length
from console.window import RELATIVE_START, Window, from_epoch

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from console.session import Session


Fresh = Annotated[bool, typer.Option("--fresh", help="Load the folder anew, into a workspace that is thrown away.")]
Attach = Annotated[str | None, typer.Option("--incident", metavar="ID",
                                            help="Attach what is found to an incident that is kept: its report has the "
                                                 "tables.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


class TerminalJob:
    """A progress bar on standard error; none where nobody could see it."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def report(self, done: int, total: int, note: str) -> None:
        """done and total in bytes or steps."""
        if self._progress is None:
            return
        if self._task is None:
            self._task = self._progress.add_task(plain(note), total=total or None)
        self._progress.update(self._task, completed=done, total=total or None, description=plain(note))

    def stop_if_asked(self) -> None:
        """Ctrl-C raises by itself."""


def plain(text: str) -> str:
    """Text from a log, harmless in rich's markup."""
    return text.replace("[", r"\[")


@contextmanager
def terminal_job() -> Iterator[TerminalJob]:
    """A job that shows itself while the block runs."""
    if not sys.stderr.isatty():
        yield TerminalJob(None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
                  console=Console(stderr=True), transient=True) as progress:
        yield TerminalJob(progress)


@contextmanager
def opened_quietly(target: Path, *, workspace: Path | None = None, zone: str | None = None,
                   fresh: bool = False) -> Iterator[Session]:
    """The session of a folder or of a workspace; nothing is loaded yet."""
    from console.session import Session

    session = Session.open(target, workspace=workspace, zone=zone, fresh=fresh)
    try:
        yield session
    finally:
        session.close()


@contextmanager
def opened(target: Path, *, fresh: bool = False) -> Iterator[Session]:
    """The same, with all that is new in the folder loaded.

    fresh  into a workspace of its own, thrown away afterwards: for a folder whose workspace another process has
    """
    with ExitStack() as stack:
        beside = Path(stack.enter_context(TemporaryDirectory(prefix="pilothouse-"))) / "fresh.duckdb" if fresh else None
        session = stack.enter_context(opened_quietly(target, workspace=beside))
        if session.folder is not None:
            with terminal_job() as job:
                session.load(job)
        yield session


def parse_time(text: str, *, session: Session) -> datetime:
    """A time as people type it: ISO (UTC unless it says otherwise), epoch seconds, `now`, `now-1h`, `end-30m`; in a
    log without dates `T+0:08:30` or `0:08:30`, from its start."""
    text = text.strip()
    if session.store.relative:
        return _since(text, session)
    if (moment := _anchored(text, session)) is not None:
        return moment
    if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
        return from_epoch(float(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadSettings(f"`{text}` is no time",
                          do="Write 2026-03-02T10:00:00Z, seconds since 1970, or end-1h") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _anchored(text: str, session: Session) -> datetime | None:
    found = re.fullmatch(r"(now|end|start)(?:\s*([+-])\s*(\d+\s*\w+))?", text)
    if found is None:
        return None
    whole = session.selection().whole
    anchor = now() if found[1] == "now" or whole is None else whole.end if found[1] == "end" else whole.start
    offset = timedelta(seconds=parse_length(found[3])) if found[3] else timedelta(0)
    return anchor - offset if found[2] == "-" else anchor + offset


def _since(text: str, session: Session) -> datetime:
    """A time of a log that names no start."""
    found = re.fullmatch(r"(?:T?([+-]))?(\d{1,7}):(\d\d):(\d\d(?:\.\d{1,6})?)", text, re.IGNORECASE)
    if found is not None and int(found[3]) < 60 and float(found[4]) < 60:
        micros = round((int(found[2]) * 3600 + int(found[3]) * 60 + float(found[4])) * 1e6)
        return RELATIVE_START + timedelta(microseconds=-micros if found[1] == "-" else micros)
    moment = None if text.startswith("now") else _anchored(text, session)
    if moment is None:
        raise BadSettings(f"`{text}` is no time of this log, which counts from a start that it does not name",
                          do="Write T+0:08:30 for eight and a half minutes after it, or end-1h")
    return moment


def parse_window(text: str, *, session: Session) -> Window:
    """`A..B`, each a time; an empty side is the start or the end of the log."""
    start, dots, end = text.partition("..")
    if not dots:
        raise BadSettings(f"`{text}` is no window", do="Write two times with two dots between: A..B")
    return window_of(start, end, session=session)


def window_of(start: str | None, end: str | None, *, session: Session) -> Window:
    """A window from two texts; a side that is not given is that of the log."""
    whole = session.selection().whole
    if whole is None:
        raise BadSettings("The log has no rows with a time", where=session.command_target)
    first = parse_time(start, session=session) if start else whole.start
    last = parse_time(end, session=session) if end else whole.end
    if last <= first:
        said = " to ".join(format_exact(at, relative=session.store.relative) for at in (first, last))
        raise BadSettings(f"The window ends before it starts: {said}",
                          do="Give the earlier time first")
    return Window(first, last)


def iso(moment: datetime | None, *, relative: bool = False) -> str | None:
    """UTC with Z; `T+0:08:29.999` in a log whose times count from a start that it does not name."""
    return None if moment is None else format_exact(moment, relative=relative)


def print_json(document: dict[str, Any]) -> None:
    """One document on standard output; numbers that JSON cannot hold become null."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(_finite(document)), indent=2).decode() + "\n")


def say(text: str) -> None:
    """A message for people, on standard error."""
    sys.stderr.write(text + "\n")


def _finite(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: _finite(item) for key, item in value.items()}
        case list() | tuple():
            return [_finite(item) for item in value]
        case _:
            return value
