"""Advice as one JSON document or as lines of a table: what the command prints and the window exports."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from console.advice.shock import Shock
from console.advice.view import (
    CAUSES,
    AdviceView,
    BacktestView,
    ResponseAnswer,
    ResponseView,
    ShockView,
    TrainingAnswer,
)
from console.session.drift_documents import Lines, iso, table_text, written
from console.window import from_epoch

Answer = ShockView | ResponseAnswer | TrainingAnswer


def write(view: Answer, path: Path) -> None:
    """As the ending says: .json whole, .csv its main table. Raises CannotWrite."""
    written(path, lambda: document(view), lambda: as_csv(view))


def document(view: Answer) -> dict[str, Any]:
    """The document of one question."""
    more = {"notes": list(view.notes), "sentence": view.sentence, "command": view.command,
            "seconds": round(view.seconds, 6)}
    at = {"at": iso(view.at, relative=view.relative)}
    match view:
        case ShockView():
            return at | {"shock": shock_document(view.shock, view.relative)} | more
        case ResponseAnswer():
            return at | {"response": view.response and response_document(view.response, view.relative)} | more
        case TrainingAnswer():
            return at | {"training": view.backtest and backtest_document(view.backtest, view.relative)} | more


def as_words(view: Answer) -> str:
    """The answer for the notes of an incident, with the command that gives it again."""
    match view:
        case ShockView():
            said = [f"{'For' if one.speaks_for else 'Against'} {CAUSES[one.cause]}: {one.sentence}"
                    for one in view.shock.evidence]
        case ResponseAnswer():
            found = view.response
            said = [] if found is None else [*(line.sentence for line in found.lines), found.switch_sentence,
                                             found.costs.sentence]
        case TrainingAnswer():
            said = [] if view.backtest is None else [*(one.sentence for one in view.backtest.strategies),
                                                     view.backtest.sampling]
    return "\n".join([*dict.fromkeys((view.sentence, *said, *view.notes)), "", view.command])


def as_csv(view: Answer, *, delimiter: str = ",") -> str:
    """Its main table: what changed and the evidence; costs by bucket; points of learning curves."""
    return table_text(lines(view), delimiter)


def lines(view: Answer) -> Lines:
    """The same as cells, the heads first."""
    relative = view.relative
    rows: list[dict[str, Any]]
    match view:
        case ShockView():
            rows = [{"what": row.title, "kind": row.kind.value, "onset": iso(row.onset, relative=relative),
                     "onset_low": iso(row.onset_low, relative=relative),
                     "onset_high": iso(row.onset_high, relative=relative), "for": None, "sentence": row.sentence}
                    for row in view.courses.rows]
            rows += [{"what": one.cause.value, "kind": "evidence", "for": one.speaks_for, "sentence": one.sentence}
                     for one in view.shock.evidence]
        case ResponseAnswer():
            found = view.response
            rows = [] if found is None else [
                {"bucket": iso(from_epoch(float(start)), relative=relative), "answers": line.title,
                 "cost_per_hour": float(line.costs[at]), "low": float(line.low[at]), "high": float(line.high[at])}
                for line in found.lines for at, start in enumerate(found.starts_s)]
        case TrainingAnswer():
            rows = [] if view.backtest is None else [
                {"strategy": one.title} | asdict(point) | {"at": iso(point.at, relative=relative)}
                for one in view.backtest.strategies for point in one.points]
    heads = list(dict.fromkeys(key for row in rows for key in row))
    return [heads, *([None if (cell := row.get(head)) != cell else cell for head in heads] for row in rows)]


def advice_document(view: AdviceView) -> dict[str, Any]:
    """All of it."""
    return {"at": iso(view.at, relative=view.relative), "shock": shock_document(view.shock, view.relative),
            "response": None if view.response is None else response_document(view.response, view.relative),
            "training": None if view.backtest is None else backtest_document(view.backtest, view.relative),
            "sentence": view.sentence, "notes": list(view.notes), "command": view.command,
            "seconds": round(view.seconds, 6)}


def shock_document(found: Shock, relative: bool) -> dict[str, Any]:
    """What it was, with the evidence."""
    return {"cause": found.cause.value, "onset": iso(found.onset, relative=relative),
            "onset_low": iso(found.onset_low, relative=relative),
            "onset_high": iso(found.onset_high, relative=relative), "together": list(found.together),
            "events": [{"name": event.name, "kind": event.kind.value, "start": iso(event.start, relative=relative),
                        "end": iso(event.end, relative=relative)} for event in found.events],
            "evidence": [{"cause": one.cause.value, "for": one.speaks_for, "sentence": one.sentence}
                         for one in found.evidence], "sentence": found.sentence}


def response_document(found: ResponseView, relative: bool) -> dict[str, Any]:
    """Costs side by side."""
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


def backtest_document(found: BacktestView, relative: bool) -> dict[str, Any]:
    """Ways to train again."""
    return {"loss": found.loss, "chosen": found.chosen or None, "sentence": found.sentence, "labels": found.labels,
            "sampling": found.sampling,
            "strategies": [
                {"name": one.name, "title": one.title, "beats_old": one.beats_old,
                 "beats_heuristic": one.beats_heuristic, "beats_all": one.beats_all, "sentence": one.sentence,
                 "points": [asdict(point) | {"at": iso(point.at, relative=relative)} for point in one.points]}
                for one in found.strategies],
            "decisions": [{"at": iso(one.at, relative=relative), "strategy": one.strategy or None,
                           "leading": one.leading or None, "ranked": list(one.ranked),
                           "sentence": one.sentence} for one in found.decisions]}
