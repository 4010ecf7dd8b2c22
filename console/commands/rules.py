"""`pilothouse rules check` and `pilothouse rules test`: files of rules, without a log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.alarms.words import threshold_text, title_of
from console.commands.common import say
from console.errors import BadSettings
from console.metrics.catalogue import SAMPLED_PREFIX, find

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False,
                  help="Look at files of alarm rules, without a log.")
File = Annotated[Path, typer.Argument(help="A file of rules, TOML or Prometheus YAML.")]


@app.command("check")
def check(file: File) -> None:
    """Whether every rule of a file is understood; ends with 1 when one is not."""
    from console.alarms.rule_tests import read_any

    _there(file)
    try:
        found = read_any(file)
        for each in found:
            find(each.rule.metric)
    except BadSettings as error:
        say(str(error))
        raise typer.Exit(1) from error
    for each in found:
        note = ""
        if each.rule.metric.startswith(SAMPLED_PREFIX):
            note = "  (a series of samples; whether the log has it is seen there)"
        typer.echo(f"{each.rule.name}: {title_of(each.rule)} {threshold_text(each.rule)}{note}")
    say(f"{len(found):,} rules are understood")


@app.command("test")
def test(file: Annotated[Path, typer.Argument(help="A file of tests in the form of promtool.")]) -> None:
    """Run tests of rules; ends with 1 when one fails."""
    from console.alarms.rule_tests import run

    _there(file)
    outcomes = run(file)
    for outcome in outcomes:
        typer.echo(f"{'FAILED' if outcome.wrong else 'ok'}  {outcome.name}")
        for line in outcome.wrong:
            typer.echo(f"    {line}")
    failed = sum(bool(outcome.wrong) for outcome in outcomes)
    say(f"{len(outcomes):,} tests, {failed:,} failed")
    if failed:
        raise typer.Exit(1)


def _there(file: Path) -> None:
    if not file.is_file():
        raise BadSettings("There is no such file", where=str(file), do="Check the path")
