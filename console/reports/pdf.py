"""The report as PDF, set by Typst: A4 or Letter, pages numbered, the numbers behind the charts attached as CSV."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any

from console.reports.arrange import Document, arrange, grouped
from console.reports.palette import PALETTE
from console.reports.view import ReportView

_LONG_WORD, _WORD_PART = re.compile(r"[^\s\u200b]{17,}"), 12
_LONG_OPTION, _OPTION_PART = re.compile(r"[^\s\u200b]{81,}"), 60
_DIGEST = re.compile(r"[0-9a-f]{64}")
"""Commands, SQL and checksums are there to be copied: only what would run off the page is broken."""

_SURE = 0x0530            # Latin, Greek and Cyrillic lie below: Typst's own fonts have them
_SIGNS = (0x2000, 0x2300)  # dashes, quotes, currency, arrows, mathematics
MOST_FONTS = 100

PAPERS = {"a4": "a4", "letter": "us-letter"}
"""What it may be printed on, and what Typst calls that."""


def write_pdf(view: ReportView, *, paper: str = "a4") -> bytes:
    """The whole document. The same view gives the same bytes on the same machine."""
    return pdf_of(arrange(view, paper=True), view.generated, paper=paper)


def pdf_of(document: Document, generated: datetime, *, paper: str = "a4") -> bytes:
    """The template is markup, the document is data: JSON in, which Typst reads as strings and never evaluates.

    generated  the date that the PDF carries
    """
    import typst

    template = (files("resources") / "reports" / "report.typ").read_bytes()
    data = asdict(document) | {"origins": [], "groups": [asdict(group) for group in grouped(document.origins)]}
    data = _breakable(data)
    text = json.dumps(data, ensure_ascii=False)
    unseen = _without_glyph(text)
    if unseen:
        data = _spelled(data, unseen)
        text = json.dumps(data, ensure_ascii=False)
    colours = json.dumps({name: light for name, (light, _) in PALETTE.items()})
    inputs = {"report": text, "paper": PAPERS[paper], "colours": colours}
    compiler = typst.Compiler(template, font_paths=typst.Fonts(), sys_inputs=inputs)
    pdf = compiler.compile(format="pdf", timestamp=generated.replace(microsecond=0))
    assert isinstance(pdf, bytes)
    return pdf


def _breakable(value: Any, key: str = "") -> Any:
    """Long words get invisible places to break at: Typst has none for a name of 200 characters.

    Drawings and CSV stay as they are.
    """
    if key in ("svg", "csv", "csv_name"):
        return value
    if isinstance(value, str):
        if _DIGEST.fullmatch(value):
            return value
        copied = key in ("command", "sql", "commands", "queries")
        pattern, size = (_LONG_OPTION, _OPTION_PART) if copied else (_LONG_WORD, _WORD_PART)
        return pattern.sub(lambda word: "\u200b".join(
            word.group()[at:at + size] for at in range(0, len(word.group()), size)), value)
    if isinstance(value, dict):
        return {name: _breakable(part, name) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_breakable(part, key) for part in value]
    return value


def _without_glyph(text: str) -> frozenset[str]:
    """Characters that no font of this machine has. Only looked for when the text holds unusual ones."""
    wanted = {character for character in set(text)
              if ord(character) >= _SURE and not _SIGNS[0] <= ord(character) < _SIGNS[1]}
    for path, index in _font_files() if wanted else ():
        covered = _covered(path, index)
        wanted = {character for character in wanted if ord(character) not in covered}
        if not wanted:
            break
    return frozenset(wanted)


def _font_files() -> Iterable[tuple[str, int]]:
    """One file for each family: its other cuts cover the same characters."""
    import typst

    seen = set()
    for font in typst.Fonts(include_embedded_fonts=False).fonts():
        if font.path and font.family not in seen:
            seen.add(font.family)
            yield font.path, font.index


@lru_cache(maxsize=MOST_FONTS)
def _covered(path: str, index: int) -> frozenset[int]:
    """Code points that a font has a glyph for. Reading them out of a large font takes a fifth of a second."""
    from fontTools.ttLib import TTFont, TTLibError  # type: ignore[import-untyped]

    try:
        with TTFont(path, fontNumber=index, lazy=True) as font:
            return frozenset(font.getBestCmap() or ())
    except (OSError, TTLibError, AssertionError, KeyError):
        return frozenset()         # a broken font of the system is none


def _spelled(value: Any, unseen: frozenset[str]) -> Any:
    """Characters without a glyph as their code points: two names must not both become a row of empty boxes."""
    if isinstance(value, str):
        return "".join(f"U+{ord(mark):04X}" if mark in unseen else mark for mark in value)
    if isinstance(value, dict):
        return {name: part if name == "csv" else _spelled(part, unseen) for name, part in value.items()}
    if isinstance(value, list):
        return [_spelled(part, unseen) for part in value]
    return value
