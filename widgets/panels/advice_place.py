"""The place Advice: the moment that is asked about on top, and below it pages that each answer one question about it.

How a page is added: build it in `MainWindow.furnishing` and hand it over there, in the order of the tabs,

    self.response = ResponsePanel(self.icons)
    self.advice_place.add("Response", self.response)

and connect its signals in `widgets.advising`, or in `widgets.wiring` where it is no question about a moment: then
`about_moment=False`, and the moment is not shown above it. To bring it to the front, `window.show_advice(page)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QTabWidget, QWidget

from widgets.icons import Icons
from widgets.models.typed_time import MOMENTS, MOMENTS_SINCE
from widgets.panels.parts import Choice, button, column, label, row, set_tone

if TYPE_CHECKING:
    from console.session.advising import MomentChoice


class MomentBar(QWidget):
    """When the world changed: found by itself, taken from what is at hand, or typed."""

    chosen = Signal(str)         # word of a MomentChoice
    typed = Signal(str)          # a moment, as people write it
    look_asked = Signal()

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self.setObjectName("moment_bar")
        self._choices: tuple[MomentChoice, ...] = ()
        self._how = Choice(icons, "moment_how", "Where the moment comes from", [])
        self._how.setMinimumWidth(256)
        self._field = QLineEdit(objectName="moment_typed")
        self._field.setAccessibleName("The moment that is asked about")
        self._field.setMinimumWidth(224)
        self._look = button("Look again", "moment_look", "Look at this moment once more (Ctrl+Shift+U)")
        self._said = label(name="moment_said", tone="warning", wrap=True)
        across = row(label("The world changed", tone="muted"), self._how, self._field, self._look, self._said)
        across.setStretch(4, 1)
        self.setLayout(across)
        self.setMinimumHeight(36)        # two lines of what is wrong
        self._how.activated.connect(self._on_how)
        self._field.returnPressed.connect(self._on_typed)
        self._look.clicked.connect(self.look_asked)

    def display_choices(self, choices: Sequence[MomentChoice], chosen: str) -> None:
        """What can be asked about; `chosen` is the word of one of them."""
        if tuple(choices) != self._choices:
            self._choices = tuple(choices)
            self._how.clear()
            self._how.addItems([one.text for one in choices])
        at = next((number for number, one in enumerate(choices) if one.word == chosen), 0)
        self._how.setCurrentIndex(at)

    def display_moment(self, text: str, *, relative: bool) -> None:
        """What is asked about; "" for nothing yet."""
        self._field.setText(text)
        self._field.setCursorPosition(0)
        self._field.setPlaceholderText((MOMENTS_SINCE if relative else MOMENTS).split(", ")[0])
        self.display_error("")

    def display_error(self, sentence: str) -> None:
        """What is wrong with what was typed; "" for nothing."""
        self._said.setText(sentence)

    def display_old(self, sentence: str) -> None:
        """Why it should be looked at again; "" where it need not."""
        set_tone(self._look, "accent" if sentence else "")
        self._look.setDefault(bool(sentence))
        self._look.setToolTip(sentence or "Look at this moment once more (Ctrl+Shift+U)")

    def start_typing(self) -> None:
        """The keyboard goes to the field."""
        self._field.setFocus()
        self._field.selectAll()

    def _on_how(self, number: int) -> None:
        word = self._choices[number].word
        if word == "typed":
            self.start_typing()
        self.chosen.emit(word)

    def _on_typed(self) -> None:
        if self._field.text().strip():
            self.typed.emit(self._field.text())


class AdvicePlace(QWidget):
    """Holds the pages; they know nothing of each other. With one page alone there are no tabs."""

    page_changed = Signal()

    def __init__(self, icons: Icons, shock: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("advice_place")
        self.moment = MomentBar(icons)
        self._about: set[QWidget] = set()
        self._tabs = QTabWidget()
        self._tabs.setObjectName("advice_tabs")
        self._tabs.setDocumentMode(True)
        self._tabs.setTabBarAutoHide(True)
        self._tabs.tabBar().setExpanding(False)
        self._tabs.tabBar().setDrawBase(False)
        self._tabs.tabBar().setAccessibleName("Questions after a change")
        self._tabs.tabBar().setProperty("slim", True)
        page = column(self.moment, self._tabs, margins=(16, 16, 16, 8), gap=12)
        page.setStretch(1, 1)
        self.setLayout(page)
        self.add("Shock", shock)
        self._tabs.currentChanged.connect(self._on_page)

    def add(self, title: str, page: QWidget, *, about_moment: bool = True) -> None:
        """One more page, behind the others."""
        if about_moment:
            self._about.add(page)
        self._tabs.addTab(page, title)

    @property
    def page(self) -> QWidget:
        """The one that is open."""
        return self._tabs.currentWidget()

    def open(self, page: QWidget) -> None:
        """Show that page."""
        self._tabs.setCurrentWidget(page)

    def _on_page(self, _number: int) -> None:
        self.moment.setVisible(self.page in self._about)
        self.page_changed.emit()
