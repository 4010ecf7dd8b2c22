"""The room of incidents, and of the document written from one.

Here belongs what turns numbers into a report: `gather` (numbers before and during, sentences), `arrange` (sections of
finished strings), `charts` and `shapes` (drawings), `html`, `pdf` and `write` (the file). Not here: where the numbers
come from. The session reads them and hands over a `ReportView`; this room opens no store and reads no clock.

Decisions
    Every number counted from rows has an interval and says how it was made (`counted`). Impact is a difference against
        the reference; what is within chance of it is not called worse.
    One arrangement, several writers. `arrange` formats every number once, through `console.metrics.format`; the
        writers only place strings. A test reads both files back and compares them.
    One drawing for all. Charts are drawn in light colours by meaning; HTML turns them into the page's variables (light,
        dark, print), PDF takes them as they are. matplotlib only writes the SVG: scales, ticks and labels are ours,
        because a report needs few and quiet ones.
    Text from logs is text. HTML escapes it by the template engine, Typst gets it as JSON and never as markup,
        matplotlib is told not to read mathematics in it, and characters that hide or turn text are spelled out.
    The HTML runs no script and loads nothing (its own policy says so); so folded tables are `<details>`.
    The PDF has no folded tables: the numbers behind each chart are attached to it as CSV files.
    Same view, same bytes: no time of writing, no random ids; the PDF carries the view's `generated`.
    All heavy imports (matplotlib, jinja2, typst) wait inside functions until a report is asked for.
"""

from __future__ import annotations

from console.reports.counted import with_counts
from console.reports.gather import alt_text, impact_between, impact_of, impacts_of, summarise
from console.reports.html import write_html
from console.reports.pdf import write_pdf
from console.reports.write import write_report

__all__ = ["alt_text", "impact_between", "impact_of", "impacts_of", "summarise", "with_counts", "write_html",
           "write_pdf", "write_report"]
