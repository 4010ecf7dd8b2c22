"""The report as Markdown for issue trackers: GitHub's dialect, which GitLab reads too.

Text from logs renders as text
    Markup is escaped by backslashes, `&` and `<` by entities. What trackers do after rendering, with the text itself,
        is broken by an empty comment, which they drop: `@name` calls nobody, `#12` and `GH-12` link nothing, `:tada:`
        stays words. A dollar sign stands in a span of its own, as GitHub asks for it, or it would begin mathematics.
    Commands, SQL and lines of logs stand in code, fenced by more backticks than they hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from console.reports.arrange import TO_FILL_IN, Chart, Document, arrange, grouped
from console.reports.numbers import Table
from console.reports.result_sections import ResultSection
from console.reports.view import ReportView

MOST_NUMBERS = 40
"""Buckets of a chart that are told; the evidence has them all."""

EMPTY = "<!-- -->"
_ALWAYS = re.compile(r"[\\`*_\[\]|~]")
_CALLS = re.compile(r"@(?=\w)|#(?=\w)|(?<=\bGH)-(?=\d)|(?<=[\s(])!(?=\d)|:(?=[\w+-]+:)", re.IGNORECASE)
_LINKS = re.compile(r"(?<=[A-Za-z])://|(?<=\bwww)\.|(?<=mailto):|(?<=xmpp):", re.IGNORECASE)
_STARTS = re.compile(r"^(\s*)([-+>=]|#{1,6}(?=\s)|\d{1,9}(?=[.)]))")


def write_markdown(view: ReportView, *, charts: str = "") -> str:
    """The whole document. charts: the folder that has them as SVG; "" where there is none."""
    return markdown_of(arrange(view), charts=charts)


def markdown_of(document: Document, *, charts: str = "") -> str:
    """One blank line between blocks, a line feed at the end."""
    return "\n\n".join(part for part in _parts(document, charts) if part) + "\n"


def escaped(text: str) -> str:
    """Text as Markdown that renders as this text, in a paragraph, a list or a cell of a table."""
    text = re.sub(r"&amp;(?=\d)", f"&amp;{EMPTY}", _entities(text))
    text = _ALWAYS.sub(lambda mark: "\\" + mark.group(), text)
    text = _CALLS.sub(lambda mark: f"\\{mark.group()}{EMPTY}" if mark.group() in "#!:-" else f"@{EMPTY}", text)
    text = _LINKS.sub(lambda mark: "".join("\\" + one for one in mark.group()), text)
    text = _STARTS.sub(lambda mark: f"{mark[1]}\\{mark[2]}" if not mark[2].isdigit() else f"{mark[1]}{mark[2]}", text)
    text = re.sub(r"^(\s*\d{1,9})([.)])", r"\1\\\2", text)
    text = text.replace("$", "<span>$</span>")
    return re.sub(r"^[ \t]+|[ \t]+$", "", text) if text.strip() else text


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str, *, cell: bool = False) -> str:
    """A code span that shows exactly this text. In a table a pipe is escaped even in code."""
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or (text.startswith(" ") and text.strip()) else ""
    if cell:
        text = text.replace("|", "\\|")
    return f"{fence}{pad}{text}{pad}{fence}" if text else ""


def block(text: str, language: str = "") -> str:
    """A fenced block; nothing in it can end it."""
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def table(data: Table, *, marks: tuple[str, ...] = (), verbatim: frozenset[int] = frozenset()) -> str:
    """A table of GitHub's dialect. marks: a word for each row, told in its first cell; verbatim: columns of code."""
    def cell(words: str, at: int) -> str:
        return code(words, cell=True) if at in verbatim else escaped(words)

    lines = ["| " + " | ".join(map(escaped, data.heads)) + " |",
             "|" + "|".join(" ---: " if number else " --- " for number in data.numbers) + "|"]
    for place, row in enumerate(data.rows):
        cells = [cell(words, at) for at, words in enumerate(row)]
        if marks and marks[place]:
            cells[0] = f"**{cells[0]}** ({marks[place]})"
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def folded(title: str, *blocks: str) -> str:
    """A block that opens on a click where the tracker knows that, and stands open elsewhere."""
    inside = "\n\n".join(part for part in blocks if part)
    words = _CALLS.sub(lambda mark: mark.group() + EMPTY, _entities(title))     # no Markdown is read in there
    return f"<details>\n<summary>{words}</summary>\n\n{inside}\n\n</details>"


def _parts(report: Document, charts: str) -> Iterator[str]:
    yield f"# {escaped(report.title)}"
    yield "\n".join(f"- **{escaped(name)}:** {escaped(value)}" for name, value in (
        ("Incident", report.incident_id), *report.facts))
    yield "## Summary"
    for sentence in report.summary:
        yield escaped(sentence)
    yield "_Everything in this report was computed from the log, but for what stands under “What people say”._"
    yield "## Impact"
    if report.affected.rows:
        yield table(report.affected)
        yield escaped(report.affected_note)
    yield table(_without_words(report.impact), marks=report.worse) if report.impact.rows else (
        "No number could be compared between the two windows.")
    if report.budgets:
        yield "\n".join(f"- {escaped(line)}" for line in report.budgets)
    yield "### Segments hit hardest"
    yield table(report.segments) if report.segments.rows else "The log has no column to split the requests by."
    yield "## Times"
    yield table(report.times)
    yield "\n".join(f"- {escaped(name)}: **{escaped(value)}**" for name, value in report.spans)
    yield "## Timeline"
    yield table(report.timeline) if report.timeline.rows else "Nothing is recorded."
    yield "## Charts"
    yield escaped(report.charts_note) if report.charts else "The log has nothing to draw in this time."
    for number, chart in enumerate(report.charts, start=1):
        yield from _chart(chart, number, charts)
    if report.results:
        yield "## Results kept with the incident"
    number = len(report.charts)
    for one in report.results:
        yield from _result(one, number, charts)
        number += len(one.charts)
    yield "## Evidence"
    yield from _evidence(report)
    yield "## What people say"
    yield from _people(report)
    yield "## Data quality and limits"
    yield "\n".join(f"- {escaped(line)}" for line in report.data_quality) or "Nothing to report."
    if report.redacted.rows:
        yield "Redacted before this report was written:"
        yield table(report.redacted, verbatim=frozenset({0}))
    yield "## Reproduce"
    yield from _reproduce(report)
    yield f"_{escaped(' · '.join((report.incident_id, report.folder, report.program, report.generated)))}_"


def _without_words(data: Table) -> Table:
    """Without the last column, which says the same in words: a tracker would make each row five lines high."""
    return Table(data.heads[:-1], data.numbers[:-1], tuple(row[:-1] for row in data.rows))


def chart_file(chart: Chart, number: int) -> str:
    """The name of its SVG, and of its CSV with another ending."""
    return f"{number:02d}-{chart.csv_name.removesuffix('.csv')}.svg"


def _chart(chart: Chart, number: int, charts: str, *, level: int = 3) -> Iterator[str]:
    yield f"{'#' * level} {escaped(chart.title)}" + (f" ({escaped(chart.unit)})" if chart.unit else "")
    yield f"{escaped(chart.sentence)} {escaped(chart.limits)}".strip()
    if chart.compared:
        yield table(Table(("Curve", "Before", "During"), (False, True, True),
                          tuple((name or chart.title, before, during) for name, before, during in chart.compared)))
    if charts:
        yield f"![{escaped(chart.alt)}]({charts}/{chart_file(chart, number)})"
    else:
        yield escaped(chart.alt)
    every = -(-len(chart.numbers.rows) // MOST_NUMBERS) or 1
    rows = chart.numbers.rows[::every]
    note = chart.numbers.note if every == 1 else f"One in {every} of the rows of the report in HTML. " + (
        chart.numbers.note)
    yield folded(f"The numbers behind it: {chart.title}", escaped(f"{chart.formula}. {note}"),
                 table(Table(chart.numbers.heads, chart.numbers.numbers, rows)),
                 block(chart.command) if chart.command else "", block(chart.sql, "sql") if chart.sql else "")


def _result(one: ResultSection, number: int, charts: str) -> Iterator[str]:
    yield f"### {escaped(one.title)}"
    yield f"_{escaped(one.made)}_"
    for sentence in one.sentences:
        yield escaped(sentence)
    for each in one.tables:
        yield f"**{escaped(each.title)}**"
        yield table(each.table, marks=each.marks)
        yield escaped(each.note)
    for place, chart in enumerate(one.charts, start=number + 1):
        yield from _chart(chart, place, charts, level=4)
    if one.notes:
        yield "\n".join(f"- {escaped(note)}" for note in one.notes)
    yield block(one.command)


def _evidence(report: Document) -> Iterator[str]:
    yield "### Drift"
    if report.drift is not None:
        yield escaped(report.drift.sentence)
        yield escaped(report.drift.sides)
        yield table(report.drift.table)
    else:
        yield "The columns were not compared."
    if report.changes or report.changes_note:
        yield "### What changed"
        yield escaped(report.changes_note)
        yield "\n".join(f"- {escaped(line)}" for line in report.changes)
    yield "### Alarms"
    yield table(report.alarms) if report.alarms.rows else "No rule fired in this time."
    yield report.alarms.note
    if report.examples.rows:
        yield "### Example rows"
        yield table(report.examples, verbatim=frozenset(range(2, len(report.examples.heads))) | {0})
    yield "### Records that could not be read"
    yield escaped(report.unread_note) or "None are known."
    if report.unread.rows:
        yield table(report.unread, verbatim=frozenset({0, 2}))


def _people(report: Document) -> Iterator[str]:
    yield "_Not from the log: words by people._"
    if report.notes:
        yield "\n".join(f"> {escaped(line)}  " if line.strip() else ">" for line in report.notes)
    for said in report.said:
        words = "\n  ".join(f"{escaped(line)}" for line in said.lines)
        yield f"- **{said.title}:** {words}" if words else f"- **{said.title}**, {said.prompt}: _{TO_FILL_IN}_"
    yield "### Actions"
    yield table(report.actions) if report.actions.rows else f"What, who, until when: _{TO_FILL_IN}_"


def _reproduce(report: Document) -> Iterator[str]:
    for what, command in report.commands:
        yield escaped(what)
        yield block(command)
    if report.hashes:
        yield table(Table(("SHA-256 of", "Digest"), (False, False), report.hashes), verbatim=frozenset({1}))
    if report.inputs.rows:
        yield folded("Input files", table(report.inputs, verbatim=frozenset({0, 3})))
    if report.origins:
        yield folded("Where each number comes from", *_origins(report))
    for what, sql in report.queries:
        yield folded(f"SQL: {what}", block(sql, "sql"))


def _origins(report: Document) -> Iterator[str]:
    for group in grouped(report.origins):
        yield "\n".join(f"- {escaped(f'{number}: {value}')}" for number, value in group.numbers)
        if group.command:
            yield block(group.command)
        if group.sql:
            yield block(group.sql, "sql")
