"""The room of incidents, and of the document written from one.

Here belongs what turns numbers into a report: `gather` (numbers before and during, sentences), `arrange` (sections of
finished strings), `charts` and `shapes` (drawings), a writer for each format (`html`, `pdf`, `markdown`, `data` for
JSON, `csv_tables`, `archive` for the zip), `origins` (where each number comes from), `redaction` (which columns are
about persons) and `write` (the file). Not here: where the numbers come from. The session reads them and hands over a
`ReportView`, redacted; this room opens no store and reads no clock.

Decisions
    Every number counted from rows has an interval and says how it was made (`counted`). Impact is a difference against
        the reference; what is within chance of it is not called worse.
    One arrangement, several writers. `arrange` formats every number once, through `console.metrics.format`; the
        writers only place strings. A test reads all formats back and compares them. JSON has the numbers of the view in
        full, and beside them the text that the others show; CSV tables are made from that JSON.
    One drawing for all. Charts are drawn in light colours by meaning; HTML turns them into the page's variables (light,
        dark, print), PDF takes them as they are. The SVG is written by `canvas`; scales, ticks and labels are ours too,
        because a report needs few and quiet ones.
    Text from logs is text. HTML escapes it by the template engine, Typst gets it as JSON and never as markup,
        Markdown has its markup, links and mentions broken, CSV its formulas, and characters that hide or turn text
        are spelled out.
    What is attached (`results`: advice, drift over time, a rollout) is tables, charts, sentences and a command,
        whatever it was: `result_sections` arranges it, and no writer knows what it is about.
    Words by people stand in one section, on a ground of its own; all else was computed from the log.
    The evidence opens again: a log folder of the rows with settings that leave nothing to guess, so that a stranger's
        commands give the same numbers; and Parquet for the SQL. Pseudonyms keep what is counted the same.
    The HTML runs no script and loads nothing (its own policy says so); so folded tables are `<details>`.
    The PDF has no folded tables: the numbers behind each chart are attached to it as CSV files.
    Same view, same bytes: no time of writing, no random ids; the PDF carries the view's `generated`.
    All heavy imports (jinja2, typst) wait inside functions until a report is asked for.
"""

from __future__ import annotations

from console.reports.counted import with_counts
from console.reports.data import write_json
from console.reports.gather import alt_text, impact_between, impact_of, impacts_of, summarise
from console.reports.html import write_html
from console.reports.markdown import write_markdown
from console.reports.pdf import write_pdf
from console.reports.write import write_report

__all__ = ["alt_text", "impact_between", "impact_of", "impacts_of", "summarise", "with_counts", "write_html",
           "write_json", "write_markdown", "write_pdf", "write_report"]
