"""Qt calls that return nothing must not use up references to None.

PySide6 6.12.0 on Python 3.11 gives one away with every such call, and the program dies within seconds of drawing
("deallocating None"). From Python 3.12 on None cannot run out (PEP 683), and the count says nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

CALLS = 2000
MORTAL = sys.version_info < (3, 12)


def set_text(label: QLabel) -> Callable[[], object]:
    return lambda: label.setText("a")


def update(label: QLabel) -> Callable[[], object]:
    return label.update


def start_timer(label: QLabel) -> Callable[[], object]:
    timer = QTimer(label)
    return lambda: timer.start(1000)


def draw_line(label: QLabel) -> Callable[[], object]:
    pixmap = QPixmap(8, 8)

    def draw() -> None:
        painter = QPainter(pixmap)
        painter.setPen(QColor("black"))
        painter.drawLine(0, 0, 7, 7)
        painter.end()
    return draw


@pytest.mark.skipif(not MORTAL, reason="None is immortal from Python 3.12 on")
@pytest.mark.parametrize("make", [set_text, update, start_timer, draw_line])
def test_that_a_call_that_returns_none_leaves_none_alone(qtbot: QtBot, make: Callable[[QLabel], Callable[[], object]],
                                                         ) -> None:
    label = QLabel()
    qtbot.addWidget(label)
    call = make(label)
    call()
    before = sys.getrefcount(None)
    for _ in range(CALLS):
        call()
    lost = before - sys.getrefcount(None)
    assert lost < CALLS / 10, f"{lost} references to None lost in {CALLS} calls"


def test_that_the_installed_qt_is_one_that_python_survives() -> None:
    import PySide6

    major, minor = (int(part) for part in PySide6.__version__.split(".")[:2])
    assert not MORTAL or (major, minor) < (6, 12)
