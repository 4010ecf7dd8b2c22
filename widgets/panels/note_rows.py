"""What people noted about moments of an incident; it stands in the timeline of its report."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtWidgets import QWidget

from console.reports.view import Note
from widgets.icons import Icons
from widgets.models.typed_time import NotATime, read_moment
from widgets.panels.edit_rows import EditRow, EditRows, set_words, words_line
from widgets.panels.moment_rows import TIME_PX, time_text
from widgets.panels.parts import set_tone

BY_PX = 120


class NoteRow(EditRow):
    """One of them."""

    def __init__(self, icons: Icons, number: int, rows: NoteRows) -> None:
        name = f"note_{number}"
        super().__init__(icons, name, "note")
        self._rows = rows
        self._kept: tuple[str, datetime] | None = None      # the time as it is written, and as it is
        self._time = words_line(f"{name}_time", "Time, UTC", "2026-03-02 10:15", TIME_PX)
        self._text = words_line(name, f"Note {number + 1}", "What happened then")
        self._by = words_line(f"{name}_by", "By", "By", BY_PX)
        self.lay_out(self._time, self._text, self._by, wide=1)

    def display(self, item: Note) -> None:
        """Show it."""
        written = time_text(item.at, relative=self._rows.relative)
        self._kept = written, item.at
        set_words(self._time, written)
        set_words(self._text, item.text)
        set_words(self._by, item.by)
        set_tone(self._time, "")

    def item(self) -> Note | None:
        """None without words, or without a time."""
        text, at = self._text.text().strip(), self._at()
        return Note(at, self._by.text().strip(), text) if text and at is not None else None

    def first(self) -> QWidget:
        """The time."""
        return self._time

    def _at(self) -> datetime | None:
        typed = self._time.text().strip()
        if self._kept is not None and typed == self._kept[0]:
            return self._kept[1]
        try:
            at = read_moment(typed, self._rows.newest, relative=self._rows.relative) if typed else None
        except NotATime:
            at = None
        set_tone(self._time, "warning" if typed and at is None else "")
        return at


class NoteRows(EditRows):
    """A list of notes. A clock alone is of the day on which the incident ends."""

    def __init__(self, icons: Icons) -> None:
        super().__init__(lambda number: NoteRow(icons, number, self), "note", "Add to the timeline",
                         "A row for something that happened at a moment")
        self.newest = datetime.min
        self.relative = False

    def display_for(self, items: tuple[Note, ...], newest: datetime, *, relative: bool) -> None:
        """Those of an incident that ends then."""
        self.newest, self.relative = newest, relative
        self.display(items)
