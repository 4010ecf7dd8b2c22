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
from console.metrics.grid import parse_length
from console.window import Window, from_epoch

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from console.session import Session


Fresh = Annotated[bool, typer.Option("--fresh", help="Load the folder anew, into a workspace that is thrown away.")]
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
    """A time as people type it: ISO (UTC unless it says otherwise), epoch seconds, `now`, `now-1h`, `end-30m`."""
    text = text.strip()
    relative = re.fullmatch(r"(now|end|start)(?:\s*([+-])\s*(\d+\s*\w+))?", text)
    if relative:
        whole = session.selection().whole
        anchor = now() if relative[1] == "now" or whole is None else (
            whole.end if relative[1] == "end" else whole.start)
        offset = timedelta(seconds=parse_length(relative[3])) if relative[3] else timedelta(0)
        return anchor - offset if relative[2] == "-" else anchor + offset
    if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
        return from_epoch(float(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadSettings(f"`{text}` is no time",
                          do="Write 2026-03-02T10:00:00Z, seconds since 1970, or end-1h") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


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
        raise BadSettings(f"The window ends before it starts: {first.isoformat()} to {last.isoformat()}",
                          do="Give the earlier time first")
    return Window(first, last)


def iso(moment: datetime | None) -> str | None:
    """UTC with Z."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


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
