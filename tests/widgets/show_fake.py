"""Shows the window over made-up views, to look at it: `python -m tests.widgets.show_fake [place] [dark]`."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QTimer

from tests.widgets.fake_session import CURRENT, REFERENCE, FakeSession
from widgets.app import Console, application


def main(words: list[str]) -> int:
    """The places: start, board, drift, incidents, sources, columns, loading, keys, palette."""
    app = application()
    console = Console(app)
    console.holder.choose("dark" if "dark" in words else "light")
    session = FakeSession(
        Path("/var/log/prod-ranker"), steps=10_000 if "loading" in words else 3, grows="live" in words
    )
    console.conductor._opener = lambda _folder, _workspace: session  # type: ignore[assignment,return-value]
    console.window.show()
    console.furnish()
    if "start" in words:
        return app.exec()
    console.helm.open_folder(session.folder)

    def later() -> None:
        place = next((word for word in words if word in ("board", "drift", "incidents", "sources")), "board")
        if "windows" in words or "result" in words:
            session.brush("reference", REFERENCE)
            console.conductor.chosen(session.brush("current", CURRENT))
        console.window.go(place)
        if "result" in words:
            console.helm.test_drift()
        if place == "incidents" and "empty" not in words:
            session.create_incident("Latency of ctr-v2 doubled")
            console.helm.create_incident()
        if "columns" in words:
            console.helm.edit_columns()
        if "keys" in words:
            console.helm.show_shortcuts()
        if "palette" in words:
            console.helm.show_palette()
        if "message" in words:
            console.window.message_bar.say(
                "predictions-20260302.csv: line 12 has no `ts` field. Choose the field "
                "for the time under Folder > Columns.",
                "firing",
            )
        if "explain" in words:
            console.helm.arrivals.explain("latency")

    QTimer.singleShot(1200, later)
    code = app.exec()
    console.shut_down()
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
