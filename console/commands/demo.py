"""`pilothouse demo`: a log folder with a story in it, and the window on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.commands.common import say, terminal_job


def demo(seconds: Annotated[float, typer.Option(help="How long new rows keep coming; 0 means until the window is "
                                                     "closed.")] = 0.0,
         out: Annotated[Path | None, typer.Option(help="Where the demo writes; a new folder by default.")] = None,
         ) -> None:
    """Make a log folder with a story in it and open the window; without a display, leave a report and a picture."""
    from console.demo.play import play

    with terminal_job() as job:
        code = play(out, seconds, job, say)
    raise typer.Exit(code)
