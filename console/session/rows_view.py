"""What is shown of a row beside its cells, and how cells leave the program. Light: panels import it."""

from __future__ import annotations

import re
from dataclasses import dataclass

FORMULA = r"^[=+\-@\t\r]"
"""How a cell begins that a spreadsheet takes for a formula (OWASP, CSV injection). A minus before a number is none:
numbers are not text here."""


@dataclass(frozen=True, slots=True)
class RawLine:
    """A row as it stands in its file. line: from 1, None where nobody can count; note: why the text is missing."""

    path: str
    line: int | None
    text: str
    note: str = ""

    @property
    def place(self) -> str:
        """`file:line`, as editors take it."""
        return f"{self.path}:{self.line}" if self.line is not None else self.path


def defused_text(text: str) -> str:
    """One cell; a number may begin with its sign."""
    if not re.match(FORMULA, text):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text
