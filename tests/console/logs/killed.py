"""Loads and follows a folder in processes that are killed; tells each step on its standard output. Run by test_kill.

This process only imports, and forks a life for each line that it is given: "<microseconds or 0>", after which the life
ends by itself as by a kill (SIGALRM with nobody who handles it). It says "life <pid>", and "dead" when it is over.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from console.logs.discover import discover
from console.logs.follow import Follower
from console.logs.load import load_folder
from console.logs.memory import kept_streams
from console.logs.refusals import NothingToLoad
from console.store import Workspace

NEVER = 1e9     # seconds: a line without its end is never taken for a whole one here


class Telling:
    """A job that says when it was asked for."""

    def report(self, done: int, total: int, note: str) -> None:
        say("report")

    def stop_if_asked(self) -> None:
        say("step")


def say(text: str) -> None:
    """At once, whatever becomes of this process."""
    os.write(1, f"{text}\n".encode())


def main(folder: Path, workspace: Path) -> None:
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            signal.setitimer(signal.ITIMER_REAL, int(line) / 1e6)
            live(folder, workspace)
        say(f"life {pid}")
        os.waitpid(pid, 0)
        say("dead")


def live(folder: Path, workspace: Path) -> None:
    """Load and follow until the end."""
    job = Telling()
    while True:
        ws = Workspace.open(workspace, folder=folder)
        try:
            plan = discover(folder, job, known=kept_streams(ws.streams(), ws.ledger()))
            load_folder(plan, ws, job, live_s=NEVER, on_change=lambda: say("change"))
            break
        except NothingToLoad:
            ws.close()
    say("loaded")
    follower = Follower(folder, ws, plan, rest_s=NEVER)
    while True:
        change = follower.poll(job)
        say(f"poll {change.rows}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
