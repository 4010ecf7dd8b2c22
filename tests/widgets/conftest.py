"""One widget at a time, off screen, fed with views."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from widgets.theme import ThemeHolder


@pytest.fixture
def theme_holder(qapp: QApplication) -> Iterator[ThemeHolder]:
    """The light theme, whatever the machine prefers."""
    holder = ThemeHolder(qapp, "light")
    yield holder
    holder.deleteLater()
