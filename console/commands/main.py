"""All commands in one group; what is no command is a folder to open."""

from __future__ import annotations

from typing import Annotated

import typer
from typer.core import TyperGroup

from console.commands import (
    advise,
    alarms,
    changes,
    coverage,
    demo,
    drift,
    incidents,
    load,
    metrics,
    open_window,
    rehearse,
    report,
    rollout,
    rules,
    trust,
)


class OpenByDefault(TyperGroup):
    """`pilothouse FOLDER` is `pilothouse open FOLDER`, and `pilothouse` alone is `pilothouse open`."""

    def resolve_command(self, ctx, args):  # type: ignore[no-untyped-def]
        """A first word that is no command is taken for a folder."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["open", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(cls=OpenByDefault, add_completion=False, no_args_is_help=False, rich_markup_mode=None,
                  pretty_exceptions_enable=False,
                  help="Watch, question and steer machine-learning models in production, from a folder of logs.")


@app.callback(invoke_without_command=True)
def start(context: typer.Context,
          verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more on standard error.")] = False,
          version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False) -> None:
    """Without a command the window opens on its start page."""
    if version:
        from console import __version__

        typer.echo(f"pilothouse {__version__}")
        raise typer.Exit
    from console.logging_setup import set_up_logging

    set_up_logging(verbose=verbose)
    if context.invoked_subcommand is None:
        open_window.open_window()


app.command("open")(open_window.open_window)
app.command("demo")(demo.demo)
app.command("load")(load.load)
app.command("metrics")(metrics.metrics)
app.command("trust")(trust.trust)
app.command("drift")(drift.drift)
app.command("incidents")(incidents.incidents)
app.command("report")(report.report)
app.command("changes")(changes.changes)
app.command("advise")(advise.advise)
app.command("alarms")(alarms.alarms)
app.command("coverage")(coverage.coverage)
app.command("check")(alarms.check)
app.add_typer(rules.app, name="rules")
app.add_typer(rollout.app, name="rollout")
rollout.app.command("replay")(rehearse.replay)
rollout.app.command("what-if")(rehearse.what_if)
