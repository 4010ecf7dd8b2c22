"""One widget at a time, off screen, fed with views."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from widgets.theme import ThemeHolder


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take its time to end the work of a window; that it ends is what tests ask."""
    monkeypatch.setattr("widgets.bridge.conductor.CLOSE_S", 60.0)


@pytest.fixture
def theme_holder(qapp: QApplication) -> Iterator[ThemeHolder]:
    """The light theme, whatever the machine prefers."""
    holder = ThemeHolder(qapp, "light")
    yield holder
    holder.deleteLater()
