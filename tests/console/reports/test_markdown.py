"""Markdown of a report: whatever a log says, a tracker renders it as that text and as nothing else."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from console.reports import write_markdown
from console.reports.arrange import visible
from console.reports.markdown import block, code, escaped, folded, table
from console.reports.numbers import Table
from tests.console.reports.sample import CJK, DOLLARS, FORMULA, SCRIPT, sample_report

GITHUB = MarkdownIt("gfm-like", {"linkify": False}).enable("table")
"""Links that stand bare are looked for apart: what finds them is another package."""

EVIL = [
    "**bold** _it_ ~~gone~~ `code`", "# head", "- item", "1. one", "1) one", "> quote", "===", "---", "+ plus",
    "a | b", "[text](http://evil.example)", "![x](http://evil.example/p.png)", "<http://evil.example>",
    "http://evil.example/a_b", "www.evil.example", "@somebody", "mail a.b@evil.example", "#12 and GH-12 and !7",
    ":tada:", "<script>alert(1)</script>", "<img src=x onerror=1>", "&lt;b&gt;", "&amp;", "\\*", "``` ```", "``",
    "$x^2$", "[^1]", "<!-- gone -->", "| --- |", "*", "_", "\\", "javascript:alert(1)", "Setext\\n====", "{{ x }}",
    "=HYPERLINK(1)", "a\tb",
]


class Words(HTMLParser):
    """The text that a reader sees, and the tags around it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.parts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.parts)


@pytest.mark.parametrize("text", EVIL)
def test_that_a_paragraph_renders_as_its_text(text: str) -> None:
    read = Words(GITHUB.render(escaped(text)))
    assert read.text.strip() == text.strip()
    assert set(read.tags) <= {"p", "span"}


@pytest.mark.parametrize("text", EVIL)
def test_that_a_cell_of_a_table_renders_as_its_text(text: str) -> None:
    for verbatim in (frozenset[int](), frozenset({1})):
        read = Words(GITHUB.render(table(Table(("a", "b"), (False, True), (("1", text), ("2", "next"))),
                                         verbatim=verbatim)))
        assert set(read.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "span", "code"}
        assert read.tags.count("td") == 4 and text.strip() in read.text


@pytest.mark.parametrize("text", [text for text in EVIL if "\\n" not in text])
def test_that_code_shows_exactly_what_stands_in_it(text: str) -> None:
    assert Words(GITHUB.render(code(text))).text.rstrip("\n") == text
    assert Words(GITHUB.render(block(text + "\n```\n~~~\n</code>"))).text.rstrip("\n") == text + (
        "\n```\n~~~\n</code>")


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=40))
def test_that_no_text_breaks_out_of_a_cell(text: str) -> None:
    shown = visible(text)
    read = Words(GITHUB.render(table(Table(("a",), (False,), ((shown,), ("next",))))))
    assert read.tags.count("td") == 2
    assert re.sub(r"\s", "", shown) in re.sub(r"\s", "", read.text)


@pytest.mark.parametrize(("text", "never"), [
    ("@somebody", r"@\w"), ("a@evil.example", r"@\w"), ("see #12", r"#\d"), ("http://evil.example", "http://"),
    ("www.evil.example", r"www\."), (":tada:", r":tada:"), ("$x$", r"\$x\$"), ("GH-7", r"GH-7"),
])
def test_that_nothing_is_left_that_a_tracker_would_make_a_link_of(text: str, never: str) -> None:
    assert not re.search(never, html.unescape(escaped(text)))


def test_that_a_fold_shows_its_title_as_text() -> None:
    read = Words(GITHUB.render(folded(f"{SCRIPT} @me", "inside **bold**")))
    assert f"{SCRIPT} @me" in read.text and "script" not in read.tags and "strong" in read.tags


def test_that_a_whole_report_renders_its_hostile_names_as_text() -> None:
    rendered = GITHUB.render(write_markdown(sample_report(notes=f"{SCRIPT}\n# not a head @you")))
    read = Words(rendered)
    for text in (SCRIPT, DOLLARS, FORMULA, CJK, "# not a head @you"):
        assert text in read.text
    assert not {"script", "img", "a"} & set(read.tags)
    assert read.tags.count("h1") == 1 and read.tags.count("table") > 10
