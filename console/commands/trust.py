"""`pilothouse trust`: the expressions in a folder's `pilothouse.toml` may be run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.commands.common import opened_quietly, say


def trust(target: Annotated[Path, typer.Argument(metavar="WORKSPACE|FOLDER", help="A log folder, or a workspace.")],
          withdraw: Annotated[bool, typer.Option("--withdraw", help="Trust it no more.")] = False) -> None:
    """Let the metrics of a folder's pilothouse.toml be computed, after showing them."""
    with opened_quietly(target) as session:
        for one in session.store.own.metrics:
            typer.echo(f"{one.name} = {one.expression}")
        session.trust_folder(not withdraw)
        what = "is trusted no more: its own metrics are listed and not run" if withdraw else \
            "is trusted: the metrics of its pilothouse.toml are run"
        say(f"{session.command_target} {what}.")
