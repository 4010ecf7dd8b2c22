"""The report as one HTML file that loads nothing, runs nothing and follows light, dark and print."""

from __future__ import annotations

from importlib.resources import files

from console.reports.arrange import Document, arrange, grouped
from console.reports.canvas import themed
from console.reports.palette import css_variables
from console.reports.view import ReportView


def write_html(view: ReportView) -> str:
    """The whole document. The same view gives the same text."""
    return html_of(arrange(view))


def html_of(document: Document) -> str:
    """All text is escaped by the template engine; only the drawings, which escape their own, go in as they are."""
    from jinja2 import BaseLoader, Environment, StrictUndefined
    from markupsafe import Markup

    templates = files("resources") / "reports"
    environment = Environment(loader=BaseLoader(), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                              lstrip_blocks=True, keep_trailing_newline=True)
    environment.filters["drawing"] = lambda svg: Markup(themed(svg))
    environment.filters["groups"] = grouped
    template = environment.from_string((templates / "report.html.jinja").read_text(encoding="utf-8"))
    style = (templates / "report.css").read_text(encoding="utf-8")
    return template.render(report=document, style=Markup(style), light=Markup(css_variables(0)),
                           dark=Markup(css_variables(1)))
