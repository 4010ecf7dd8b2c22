"""The report as a file: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from console.errors import BadSettings, CannotWrite
from console.reports.html import write_html
from console.reports.pdf import write_pdf
from console.reports.view import ReportView

SUFFIXES = ("html", "pdf")


def write_report(view: ReportView, path: Path, suffix: str | None = None) -> None:
    """Writes beside `path` and then moves it there, so that a reader never sees half a report.

    suffix  html | pdf; None takes that of the path. What is there already is replaced.
    Raises BadSettings for another suffix, CannotWrite when the place does not take the file.
    """
    kind = (suffix or path.suffix).lower().lstrip(".")
    if kind not in SUFFIXES:
        raise BadSettings(f"A report cannot be written as `{kind or 'no format'}`", where=str(path),
                          do="Choose a file name that ends in .html or .pdf")
    content = write_pdf(view) if kind == "pdf" else write_html(view).encode("utf-8")
    if path.is_dir():
        raise CannotWrite("This is a folder", where=str(path), do="Choose a file name")
    try:
        _replace(path, content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotWrite(f"The report could not be written: {reason}", where=str(path),
                          do="Choose a folder that exists, may be written to and has room") from error


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:60]}.", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
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
