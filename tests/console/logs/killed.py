"""Loads and follows a folder until it is killed; tells each step on its standard output. Run by test_kill."""

from __future__ import annotations

import sys
from pathlib import Path

from console.errors import NoLogs
from console.logs.discover import discover
from console.logs.follow import Follower
from console.logs.load import load_folder
from console.store import Workspace

NEVER = 1e9     # seconds: a line without its end is never taken for a whole one here


class Telling:
    """A job that says when it was asked for."""

    def report(self, done: int, total: int, note: str) -> None:
        print("report", flush=True)

    def stop_if_asked(self) -> None:
        print("step", flush=True)


def main(folder: Path, workspace: Path) -> None:
    job = Telling()
    while True:
        ws = Workspace.open(workspace, folder=folder)
        try:
            plan = discover(folder, job)
            load_folder(plan, ws, job, live_s=NEVER, on_change=lambda: print("change", flush=True))
            break
        except NoLogs:
            ws.close()
    print("loaded", flush=True)
    follower = Follower(folder, ws, plan, rest_s=NEVER)
    while True:
        change = follower.poll(job)
        print(f"poll {change.rows}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
