"""`pilothouse advise`: what changed at once, what it was, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.common import AsJson, Attach, Fresh, iso, opened, parse_time, print_json, say, terminal_job
from console.errors import BadSettings
from console.metrics.format import format_value

if TYPE_CHECKING:
    from console.advice.lifecycle import LifecycleView
    from console.advice.view import AdviceView


def advise(target: Annotated[Path, typer.Argument(metavar="WORKSPACE|FOLDER", help="A workspace or a log folder.")],
           shock: Annotated[str | None, typer.Option(help="When the world changed; it is looked for without.")] = None,
           fallback: Annotated[str, typer.Option(help="An expression over the columns of a row that could answer "
                                                      "instead of the model, such as `price < 20`.")] = "",
           training: Annotated[bool, typer.Option("--training/--no-training", help="Try ways to train again, which "
                                                                                   "takes a minute.")] = True,
           join: Annotated[Path | None, typer.Option(help="A CSV or Parquet file of further columns to train "
                                                          "on.")] = None,
           key: Annotated[str, typer.Option(help="Its column that is matched: an id of requests or users as the log "
                                                 "names it, or a time, which takes the last row up to the "
                                                 "request.")] = "",
           lifecycle: Annotated[bool, typer.Option("--lifecycle", help="Tell what became of each model version, and "
                                                                       "where somebody has to act next.")] = False,
           incident: Attach = None, fresh: Fresh = False, json: AsJson = False) -> None:
    """Tell whether a change was a shock, and what to do about it; or what became of each model version."""
    if (join is None) == bool(key):
        raise BadSettings("A file to join needs its key", do="Give --join FILE and --key COLUMN")
    from console.session.advice_join import Join

    with opened(target, fresh=fresh) as session, terminal_job() as job:
        if incident is not None:
            session.incident(incident)
        if lifecycle:
            _tell_lifecycle(session.lifecycle(job), json=json)
            return
        view = session.advise(job, parse_time(shock, session=session) if shock else None, fallback=fallback,
                              training=training, join=Join(join.resolve(), key) if join is not None else None)
        if incident is not None:
            from console.session.results_of import of_advice

            session.attach_result(incident, of_advice(view, session.store.span()))
            say(f"Attached to {incident}.")
    if json:
        from console.session.advice_documents import advice_document

        print_json(advice_document(view))
    else:
        _tell(view)


def _tell_lifecycle(view: LifecycleView, *, json: bool) -> None:
    if json:
        from console.session.lifecycle import as_document

        print_json({"lifecycle": as_document(view)})
        return
    for life in view.versions:
        share = format_value(life.share, "share") if life.serving else "no"
        typer.echo(f"{life.version or 'model'}  {life.requests:,} requests, {share} of the last")
        for event in life.events:
            typer.echo(f"   {iso(event.at, relative=view.relative)}  {event.what.value:<16} {event.sentence}")
        typer.echo(f"-> {life.stage.value if life.stage is not None else 'none':<8} {life.reason}")
    for note in view.notes:
        say(note)
    say(view.sentence)


def _tell(view: AdviceView) -> None:
    for one in view.shock.evidence:
        typer.echo(f"{'for' if one.speaks_for else 'against':<8}{one.cause.value:<11} {one.sentence}")
    if view.response is not None:
        typer.echo("")
        for line in view.response.lines:
            typer.echo(f"{'->' if line.name == view.response.recommended else '  '} {line.sentence}")
        say(view.response.costs.sentence)
        say(view.response.switch_sentence)
    if view.backtest is not None:
        typer.echo(f"\nTraining again ({view.backtest.loss})")
        for curve in view.backtest.strategies:
            typer.echo(f"{'->' if curve.name == view.backtest.chosen else '  '} {curve.sentence}")
        for decision in view.backtest.decisions:
            typer.echo(f"   {decision.sentence}")
        say(view.backtest.sampling)
    for note in view.notes:
        say(note)
    say(view.sentence)
