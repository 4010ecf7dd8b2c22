"""A bare Qt window with the probe in it: what stalls on this machine whatever the program does. Run by others.

    python -m tests.benchmarks._empty_window SECONDS FILE      writes the moments of the probe's ticks as JSON
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.benchmarks._window import SIZE, Probe, run_loop


def main(seconds: float, path: Path) -> None:
    """The process."""
    from PySide6.QtWidgets import QApplication, QMainWindow

    app = QApplication([])
    window = QMainWindow()
    window.resize(*SIZE)
    window.show()
    app.processEvents()
    probe = Probe()
    probe.start()
    run_loop(lambda: False, seconds, every_ms=1000)
    path.write_text(json.dumps(probe.stop()))


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]))
