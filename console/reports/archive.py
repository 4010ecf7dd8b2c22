"""The report with its evidence, as one zip: all formats, the rows, every table, the charts, rules and checksums.

Unpacked, its log folder opens in Pilothouse, and its commands give the report's numbers again; so does its SQL, in
DuckDB, over the Parquet files. `MANIFEST.sha256` is what `sha256sum -c` reads.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from console.jobs import Job
from console.reports.arrange import Document, all_charts, arrange
from console.reports.csv_tables import tables
from console.reports.data import data_of, json_of, schema_text
from console.reports.html import html_of
from console.reports.markdown import chart_file, markdown_of
from console.reports.palette import PALETTE
from console.reports.pdf import pdf_of
from console.reports.view import ReportView

ExportRows = Callable[[Path, Job], str]
"""Puts the rows of a report into a folder. Gives what the README says of them, in Markdown."""

MANIFEST, README, SCHEMA, RULES = "MANIFEST.sha256", "README.md", "report.schema.json", "rules.toml"
CHARTS, TABLES = "charts", "tables"
STORED = (".parquet", ".pdf")
"""These are packed already."""

_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def safe_name(name: str) -> str:
    """A name that every file system takes and no shell or program reads as anything else."""
    kept = re.sub(r"[^A-Za-z0-9._ -]", "_", name).strip(" .-")[:60].rstrip(" .")
    return f"_{kept}" if not kept or _RESERVED.fullmatch(kept) else kept


def write_archive(view: ReportView, path: Path, rows: ExportRows | None, job: Job, *, paper: str = "a4") -> None:
    """The whole archive at that path; its parts are made in a folder beside it that is gone afterwards.

    Raises JobStopped, OSError.
    """
    with tempfile.TemporaryDirectory(prefix=".evidence-", dir=path.parent, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        said = rows(folder, job) if rows is not None else ""
        steps = 6
        for step, (file, content) in enumerate(_files(view, paper, said)):
            job.stop_if_asked()
            job.report(min(step, steps), steps, f"Writing {file}")
            place = folder / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        names = sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file())
        lines = "".join(f"{_digest(folder / each, job)}  {each}\n" for each in names)
        (folder / MANIFEST).write_text(lines, encoding="utf-8", newline="\n")
        _pack(folder, [*names, MANIFEST], path, safe_name(view.incident.incident_id), view, job)


def _files(view: ReportView, paper: str, said: str) -> Iterator[tuple[str, bytes]]:
    document = arrange(view)
    yield "report.html", html_of(document).encode()
    yield "report.pdf", pdf_of(arrange(view, paper=True), view.generated, paper=paper)
    yield "report.md", markdown_of(document, charts=CHARTS).encode()
    yield "report.json", json_of(view, document).encode()
    yield SCHEMA, schema_text().encode()
    for name, text in tables(data_of(view, document)).items():
        yield f"{TABLES}/{name}", text.encode()
    for number, chart in enumerate(all_charts(document), start=1):
        file = chart_file(chart, number)
        yield f"{CHARTS}/{file}", standalone(chart.svg).encode()
        yield f"{CHARTS}/{file.removesuffix('.svg')}.csv", chart.csv.encode()
    for number, shape in enumerate(document.drift.distributions if document.drift else (), start=1):
        yield f"{CHARTS}/drift-{number:02d}.svg", standalone(shape.svg).encode()
    if view.rules:
        yield RULES, view.rules.encode()
    yield README, readme(document, said).encode()


def standalone(svg: str) -> str:
    """A drawing as a file of its own: on paper, with a plain typeface."""
    paper = PALETTE["paper"][0]
    return svg.replace(">", f' font-family="sans-serif"><rect width="100%" height="100%" fill="{paper}"/>', 1)


def readme(document: Document, said: str) -> str:
    """What is in the archive, and how somebody else gets the same numbers."""
    from console.reports.markdown import block, escaped

    lines = [f"# Evidence for {escaped(document.title)}", escaped(" ".join(document.summary)), "## What is here"]
    lines.append("\n".join((
        f"- `report.html`, `report.pdf`, `report.md`, `report.json`: the same report; `{SCHEMA}` describes the JSON",
        f"- `{TABLES}/`: every table as CSV; `{CHARTS}/`: every chart as SVG, and its numbers as CSV",
        *((f"- `{RULES}`: the alarm rules",) if dict(document.hashes).get("Alarm rules") else ()),
        f"- `{MANIFEST}`: SHA-256 of every file; `sha256sum -c {MANIFEST}` checks them")))
    if said:
        lines.append(said)
    if document.redacted.rows:
        lines += ["## What was redacted", "\n".join(
            f"- {escaped(column)}: {escaped(how)} ({escaped(why)})" for column, how, why in document.redacted.rows)]
    lines.append("## The same numbers again")
    for what, command in document.commands:
        lines += [escaped(what), block(command)]
    for one in document.results:
        lines += [escaped(one.title), block(one.command)]
    for chart in document.charts:
        if chart.command:
            lines += [f"The chart {escaped(chart.title)}", block(chart.command)]
            lines += ["The same by SQL", block(chart.sql, "sql")] if chart.sql else []
    return "\n\n".join(lines) + "\n"


def _digest(path: Path, job: Job) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            job.stop_if_asked()
            digest.update(part)
    return digest.hexdigest()


def _pack(folder: Path, names: list[str], path: Path, top: str, view: ReportView, job: Job) -> None:
    """The same files give the same bytes: their time is that of the report."""
    at = view.generated.timetuple()[:6]
    with zipfile.ZipFile(path, "w") as packed:
        for number, name in enumerate(names):
            job.report(number, len(names), "Packing the evidence")
            info = zipfile.ZipInfo(f"{top}/{name}", (max(at[0], 1980), *at[1:]))
            info.compress_type = zipfile.ZIP_STORED if name.endswith(STORED) else zipfile.ZIP_DEFLATED
            info.external_attr = 0o100644 << 16
            with (folder / name).open("rb") as source, packed.open(info, "w", force_zip64=True) as target:
                while part := source.read(1 << 20):
                    job.stop_if_asked()
                    target.write(part)
