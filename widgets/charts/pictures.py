"""A chart written as a picture: PNG or SVG, as it looks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QPainter, QPixmap

PICTURE_RATIO = 2.0
"""Pixels of a picture for one of the screen: it will be looked at closer."""


def write_picture(path: Path, size: QSize, draw: Callable[[QPainter], None], title: str) -> None:
    """As the ending says, .svg or else PNG. Raises OSError."""
    if path.suffix.lower() == ".svg":
        from PySide6.QtSvg import QSvgGenerator

        paper = QSvgGenerator()
        paper.setFileName(str(path))
        paper.setSize(size)
        paper.setViewBox(QRect(0, 0, size.width(), size.height()))
        paper.setTitle(title)
        painter = QPainter()
        if not painter.begin(paper):
            raise OSError("the file cannot be opened")
        draw(painter)
        painter.end()
        return
    picture = QPixmap(size * PICTURE_RATIO)
    picture.setDevicePixelRatio(PICTURE_RATIO)
    painter = QPainter(picture)
    draw(painter)
    painter.end()
    if not picture.save(str(path), "PNG"):
        raise OSError("the file cannot be opened")
