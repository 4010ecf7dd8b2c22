"""The report as a file: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from console.errors import BadSettings, CannotWrite
from console.jobs import Job, SilentJob
from console.reports.archive import ExportRows, write_archive
from console.reports.data import write_json
from console.reports.html import write_html
from console.reports.markdown import write_markdown
from console.reports.pdf import PAPERS, write_pdf
from console.reports.view import ReportView

SUFFIXES = ("html", "pdf", "md", "json", "zip")


def write_report(view: ReportView, path: Path, suffix: str | None = None, *, paper: str = "a4",
                 rows: ExportRows | None = None, job: Job | None = None) -> None:
    """Writes beside `path` and then moves it there, so that a reader never sees half a report.

    suffix  html | pdf | md | json | zip; None takes that of the path. What is there already is replaced.
    paper   of a PDF: a4 | letter
    rows    puts the rows of the report into the folder of a zip; without it the zip has none
    Raises BadSettings for another suffix or paper, CannotWrite when the place does not take the file, JobStopped.
    """
    job = job or SilentJob()
    kind = checked(path, suffix, paper)
    if path.is_dir():
        raise CannotWrite("This is a folder", where=str(path), do="Choose a file name")
    job.report(0, 0, f"Writing {path.name}")
    try:
        if kind == "zip":
            _replace(path, lambda part: write_archive(view, part, rows, job, paper=paper))
        else:
            content = _content(view, kind, paper)
            job.stop_if_asked()
            _replace(path, lambda part: _written(part, content))
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotWrite(f"The report could not be written: {reason}", where=str(path),
                          do="Choose a folder that exists, may be written to and has room") from error


def checked(path: Path, suffix: str | None = None, paper: str = "a4") -> str:
    """The format of a file to be written. Raises BadSettings, before anything has been counted."""
    kind = (suffix or path.suffix).lower().lstrip(".")
    kind = {"markdown": "md", "htm": "html"}.get(kind, kind)
    if kind not in SUFFIXES:
        raise BadSettings(f"A report cannot be written as `{kind or 'no format'}`", where=str(path),
                          do="Choose a file name that ends in .html, .pdf, .md, .json or .zip")
    if paper not in PAPERS:
        raise BadSettings(f"There is no paper `{paper}`", do=f"Choose {' or '.join(PAPERS)}")
    return kind


def _content(view: ReportView, kind: str, paper: str) -> bytes:
    match kind:
        case "pdf":
            return write_pdf(view, paper=paper)
        case "md":
            return write_markdown(view).encode("utf-8")
        case "json":
            return write_json(view).encode("ascii")
        case _:
            return write_html(view).encode("utf-8")


def _written(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, write: Callable[[Path], None]) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:60]}.", suffix=".part", dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        write(part)
        part.chmod(_usual_mode(path))       # mkstemp's files are for the owner only; a report is for showing
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _usual_mode(path: Path) -> int:
    """That of the file to be replaced, else what a new file would get."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
