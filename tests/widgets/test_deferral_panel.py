"""The page of answers that go to a person."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QDoubleSpinBox, QLabel, QPushButton

from console.rollout.deferral_view import deferral_view
from widgets.icons import Icons
from widgets.panels.deferral_panel import DeferralPanel


def test_that_the_threshold_is_typed_or_dragged_and_told_in_a_sentence(qtbot, theme_holder):
    panel = DeferralPanel(Icons(theme_holder))
    qtbot.addWidget(panel)
    panel.resize(1000, 560)
    panel.show()
    with qtbot.waitSignal(panel.run_asked):
        qtbot.mouseClick(panel.findChild(QPushButton, "deferral_run"), Qt.MouseButton.LeftButton)
    confidence = np.linspace(0.5, 1.0, 1000)
    found = deferral_view(confidence, (confidence < 0.6).astype(float))
    panel.display(found)
    threshold, said = panel.findChild(QDoubleSpinBox, "deferral_threshold"), panel.findChild(QLabel, "deferral_said")
    assert abs(threshold.value() - 0.55) < 0.01     # a tenth of them
    threshold.setValue(0.6)
    assert said.text() == found.said(0.6) and ", 20" in said.text()
    qtbot.mouseClick(panel.picture, Qt.MouseButton.LeftButton, pos=QPoint(panel.picture.width() - 8, 100))
    assert threshold.value() == 1.0
    assert not panel.grab().isNull()
    panel.display_error("No scores.")
    assert panel.findChild(QLabel, "deferral_error").isVisible()
