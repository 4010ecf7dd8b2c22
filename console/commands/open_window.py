"""`pilothouse [open] [FOLDER]`: the window."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def open_window(folder: Annotated[Path | None, typer.Argument(help="The log folder to open.")] = None,
                workspace: Annotated[Path | None, typer.Option(help="Keep the workspace in this file.")] = None,
                zone: Annotated[str | None, typer.Option(help="Zone of times that name none; UTC otherwise.")] = None,
                ) -> None:
    """Open the window, on a folder or on the start page."""
    from console.front_door import open_window as hand_over

    raise typer.Exit(hand_over(folder, workspace=workspace, zone=zone))
