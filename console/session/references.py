"""What can be the reference of a drift test instead of a window of the log, as one word each.

    stream:NAME     a reference stream of the log: training or validation data that lie in the folder
    file:PATH       a file of such data from elsewhere
    version:NAME    the rows that this model version served, at the same time; the other side is all other versions
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

STREAM, FILE, VERSION = "stream:", "file:", "version:"


@dataclass(frozen=True, slots=True)
class ReferenceChoice:
    """One that can be picked."""

    word: str
    text: str


def name_of(against: str) -> str:
    """In words, as the chip of the reference says it."""
    kind, _, name = against.partition(":")
    return {"stream": f"stream {name}", "file": Path(name).name, "version": f"model version {name}, same time"}[kind]
