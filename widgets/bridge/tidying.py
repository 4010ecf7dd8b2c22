"""Python's collector of cycles, kept out of paint events and of other threads.

It runs wherever an allocation happens to make it due: in the midst of painting, where deleting a widget kills the
process, or in a job's thread, where no widget may be touched at all. So it is switched off, and called from the event
loop of the window between two events.

What lives as long as the program (modules, mostly) is set aside: to look through it took 0.2 s every half a minute.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer, Slot

EVERY_MS = 1000
OLD_EVERY = 30          # the oldest generation is looked through so many times less often


class Tidying(QObject):
    """Collects while the event loop has nothing else to do."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._turn = 0
        gc.disable()
        gc.freeze()
        timer = QTimer(self)
        timer.setInterval(EVERY_MS)
        timer.timeout.connect(self.tidy)
        timer.start()

    @Slot()
    def all_again(self) -> None:
        """A folder was closed: what was set aside with it is looked through too."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()

    def tidy(self) -> None:
        """What has become due since the last time, as the collector itself would count it."""
        self._turn += 1
        if self._turn % OLD_EVERY == 0:
            gc.collect()
            if self._turn == OLD_EVERY:
                gc.freeze()         # with what was imported when it was first needed
        elif gc.get_count()[0] > gc.get_threshold()[0]:
            gc.collect(1)
