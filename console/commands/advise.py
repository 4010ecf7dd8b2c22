"""`pilothouse advise`: what changed at once, what it was, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.commands.common import AsJson, Fresh, iso, opened, parse_time, print_json, say, terminal_job
from console.window import from_epoch

if TYPE_CHECKING:
    from console.advice.shock import Shock
    from console.advice.view import AdviceView, BacktestView, ResponseView


def advise(target: Annotated[Path, typer.Argument(metavar="WORKSPACE|FOLDER", help="A workspace or a log folder.")],
           shock: Annotated[str | None, typer.Option(help="When the world changed; it is looked for without.")] = None,
           fallback: Annotated[str, typer.Option(help="An expression over the columns of a row that could answer "
                                                      "instead of the model, such as `price < 20`.")] = "",
           training: Annotated[bool, typer.Option("--training/--no-training", help="Try ways to train again, which "
                                                                                   "takes a minute.")] = True,
           fresh: Fresh = False, json: AsJson = False) -> None:
    """Tell whether a change was a shock, and what to do about it."""
    with opened(target, fresh=fresh) as session, terminal_job() as job:
        view = session.advise(job, parse_time(shock, session=session) if shock else None, fallback=fallback,
                              training=training)
    if json:
        print_json(_document(view))
    else:
        _tell(view)


def _document(view: AdviceView) -> dict[str, Any]:
    return {"at": iso(view.at, relative=view.relative), "shock": _shock(view.shock, view.relative),
            "response": None if view.response is None else _response(view.response, view.relative),
            "training": None if view.backtest is None else _backtest(view.backtest, view.relative),
            "sentence": view.sentence, "notes": list(view.notes), "command": view.command,
            "seconds": round(view.seconds, 6)}


def _shock(found: Shock, relative: bool) -> dict[str, Any]:
    return {"cause": found.cause.value, "onset": iso(found.onset, relative=relative),
            "onset_low": iso(found.onset_low, relative=relative),
            "onset_high": iso(found.onset_high, relative=relative), "together": list(found.together),
            "events": [{"name": event.name, "kind": event.kind.value, "start": iso(event.start, relative=relative),
                        "end": iso(event.end, relative=relative)} for event in found.events],
            "evidence": [{"cause": one.cause.value, "for": one.speaks_for, "sentence": one.sentence}
                         for one in found.evidence], "sentence": found.sentence}


def _response(found: ResponseView, relative: bool) -> dict[str, Any]:
    lines = [{"name": line.name, "title": line.title, "per_hour": line.mean, "low": line.mean_low,
              "high": line.mean_high, "difference": line.difference, "difference_low": line.difference_low,
              "difference_high": line.difference_high, "outcomes": line.n, "costs": line.costs.tolist(),
              "costs_low": line.low.tolist(), "costs_high": line.high.tolist(), "sentence": line.sentence}
             for line in found.lines]
    return {"recommended": found.recommended, "distinguishable": found.distinguishable, "sentence": found.sentence,
            "switch_back": iso(found.switch_back, relative=relative), "switch_sentence": found.switch_sentence,
            "costs": asdict(found.costs), "bucket_seconds": found.bucket_s, "requests": found.requests,
            "buckets": [iso(from_epoch(start), relative=relative) for start in found.starts_s.tolist()],
            "lines": lines}


def _backtest(found: BacktestView, relative: bool) -> dict[str, Any]:
    return {"loss": found.loss, "chosen": found.chosen or None, "sentence": found.sentence, "labels": found.labels,
            "sampling": found.sampling,
            "strategies": [{"name": one.name, "title": one.title, "beats_old": one.beats_old,
                            "beats_heuristic": one.beats_heuristic, "sentence": one.sentence,
                            "points": [asdict(point) | {"at": iso(point.at, relative=relative)}
                                       for point in one.points]} for one in found.strategies],
            "decisions": [{"at": iso(one.at, relative=relative), "strategy": one.strategy or None,
                           "leading": one.leading or None, "sentence": one.sentence} for one in found.decisions]}


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
