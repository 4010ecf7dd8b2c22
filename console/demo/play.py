"""Shows the demo: in the window, or off screen where none can open.

Everything that the demo writes lies in one folder: the log (`shop-ranker/`), what was done to it beside it
(`shop-ranker.truth.json`), the workspace, and, off screen, the report and the picture.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from console.clock import now
from console.demo.story import StoryTruth, make_story, new_folder
from console.demo.writer import STEP_S, DemoWriter, start_writer, stop_writer
from console.front_door import open_window, why_no_window
from console.jobs import Job, SilentJob
from console.session import Session

LOG_NAME = "shop-ranker"
TITLE = "ctr-v2 slowed down and lost clicks"
OFF_SCREEN_S = 5.0          # new rows followed off screen when nobody says how long
PICTURE_TIMEOUT_S = 180.0
KEPT = timedelta(days=1)
DRAW = """
import sys
from pathlib import Path
from widgets.app import picture
picture(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
"""

log = logging.getLogger(__name__)


class Played(NamedTuple):
    """What an off-screen demo leaves."""

    report_html: Path
    report_pdf: Path
    picture: Path | None        # None: Qt could not draw it here
    why_no_picture: str = ""


def play(out: Path | None, seconds: float, job: Job, say: Callable[[str], None]) -> int:
    """Make the story and show it; gives the exit code. `seconds` 0: as long as the window is open.

    out  where everything goes; by default a new folder among the program's own, where those older than a day go.
    """
    obstacle = why_no_window()
    if obstacle is not None:
        say(f"{obstacle}")
        say("The demo goes on off screen.")
        return _play_off_screen(out, seconds, job, say)
    truth = begin(out, job=job)
    say(f"The demo's log is in {truth.folder}")
    writer = start_writer(truth.folder, seconds=seconds)
    try:
        return open_window(truth.folder, workspace=workspace_of(truth))
    finally:
        stop_writer(writer)


def begin(out: Path | None = None, *, job: Job | None = None, rows: int | None = None) -> StoryTruth:
    """Write a new story. The window's *Try the demo* calls this, then `start_writer(truth.folder)`."""
    home = out if out is not None else _new_home()
    return make_story(home / LOG_NAME, job=job) if rows is None else make_story(home / LOG_NAME, job=job, rows=rows)


def workspace_of(truth: StoryTruth) -> Path:
    """Beside the log, so that one folder holds all of the demo and can be deleted as one."""
    return truth.folder.with_name("workspace.duckdb")


def play_off_screen(out: Path | None, seconds: float, job: Job, *, rows: int | None = None) -> Played:
    """The same story without a window: load it, follow it, write up the bad canary, draw the window once."""
    truth = begin(out, job=job, rows=rows)
    home = truth.folder.parent
    html, pdf = home / "incident.html", home / "incident.pdf"
    session = Session.open(truth.folder, workspace=workspace_of(truth))
    try:
        session.load(job)
        _follow(session, truth, seconds or OFF_SCREEN_S, job)
        canary = truth.chapters.canary
        session.brush("current", canary)
        session.brush("reference", canary.shifted(timedelta(days=-1)))      # the same hours of the healthy day
        incident = session.create_incident(TITLE)
        view = session.report(incident.incident_id, job)
        session.write_report(view, html, job)
        session.write_report(view, pdf, job)
    finally:
        session.close()
    job.report(0, 0, "Drawing the window")
    picture = home / "window.png"
    why = _draw(truth, picture)
    return Played(html, pdf, None if why else picture, why)


def _play_off_screen(out: Path | None, seconds: float, job: Job, say: Callable[[str], None]) -> int:
    played = play_off_screen(out, seconds, job)
    say(f"Incident report: {played.report_html}")
    say(f"The same as PDF: {played.report_pdf}")
    if played.picture is None:
        say(f"No picture of the window: {played.why_no_picture}")
    else:
        say(f"Picture of the window: {played.picture}")
    return 0


def _follow(session: Session, truth: StoryTruth, seconds: float, job: Job) -> None:
    """Append and read new rows for so long, in turns: no second process is needed where nobody looks."""
    writer = DemoWriter(truth)
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        job.stop_if_asked()
        job.report(round((seconds - left) * 10), round(seconds * 10), "Following new rows")
        writer.advance(time.time())
        session.poll(SilentJob())       # what it tells of itself would stand in place of how far this is
        time.sleep(min(STEP_S, left))


def _draw(truth: StoryTruth, picture: Path) -> str:
    """Draw the window in a process of its own, for Qt ends the process that it cannot work in. Says why it failed."""
    environ = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    obstacle = why_no_window(environ)
    if obstacle is not None:
        return str(obstacle)
    command = [sys.executable, "-c", DRAW, str(truth.folder), str(workspace_of(truth)), str(picture)]
    try:
        done = subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PICTURE_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{error}."
    if done.returncode == 0 and picture.is_file():
        return ""
    log.warning("the window could not be drawn off screen, exit %s: %s", done.returncode, done.stderr[-4000:])
    reason = _reason(done.stderr) or f"exit {done.returncode}"
    return f"Qt could not draw off screen ({reason}). The program log tells more."


def _reason(said: str) -> str:
    """The line of a trace that names the error; Qt and the interpreter write others around it."""
    errors = [line for line in said.splitlines() if re.match(r"[A-Za-z_.]*(Error|Exception|Busy|Folder)\b.*:", line)]
    return errors[-1] if errors else ""


def _new_home() -> Path:
    from console.session.places import data_folder

    demos = data_folder() / "demos"
    demos.mkdir(parents=True, exist_ok=True)
    for old in demos.glob("demo-*"):
        if now().timestamp() - old.stat().st_mtime > KEPT.total_seconds() and (old / f"{LOG_NAME}.truth.json").exists():
            shutil.rmtree(old, ignore_errors=True)
    return new_folder(demos)
