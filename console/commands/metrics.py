"""`pilothouse metrics`: one metric per bucket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import numpy as np
import typer

from console.commands.common import AsJson, Fresh, iso, opened, print_json, say, terminal_job, window_of
from console.errors import BadSettings
from console.metrics.catalogue import Source, find
from console.metrics.format import format_value
from console.metrics.grid import bucket_for, parse_length
from console.roles import SERIES_ROLES, Role
from console.window import from_epoch

if TYPE_CHECKING:
    from console.session import Session
    from console.store import Workspace


def metrics(target: Annotated[Path, typer.Argument(metavar="WORKSPACE|FOLDER", help="A workspace or a log folder.")],
            metric: Annotated[str | None, typer.Option(help="Name of the metric; without one they are listed.")] = None,
            bucket: Annotated[str | None, typer.Option(help="Length of a bucket: 10s, 1m, 1h.")] = None,
            start: Annotated[str | None, typer.Option("--from", help="First instant; by default the log's.")] = None,
            end: Annotated[str | None, typer.Option("--to", help="End, not included; by default the log's.")] = None,
            by: Annotated[str | None, typer.Option(help="Split by model, model_version, host or any column.")] = None,
            only: Annotated[list[str] | None, typer.Option(metavar="COLUMN=VALUE", help="Only rows with that value; "
                                                           "`COLUMN=` means missing. Several must all hold.")] = None,
            without: Annotated[list[str] | None, typer.Option("--not", metavar="COLUMN=VALUE",
                                                              help="Without the rows with that value.")] = None,
            fresh: Fresh = False, json: AsJson = False,
            ) -> None:
    """Print one metric, bucket by bucket."""
    from console.metrics.charts import described, metric_series
    from console.store.picked import Picked, picked

    _check_name(target, metric)
    with opened(target, fresh=fresh) as session:
        if metric is None:
            _list(session, json)
            return
        wanted = find(metric, session.store.own.metrics)
        if wanted.source is Source.HEAT:
            raise BadSettings(f"`{metric}` is a map of values over time and no line of numbers",
                              do="Look at it in the window, or ask for latency_p50 or prediction_mean")
        window = window_of(start, end, session=session)
        bucket_s = parse_length(bucket) if bucket else bucket_for(window, 500)
        relative = session.store.relative
        wanted = described(session.store, wanted, window, bucket_s)
        streams = session.store.streams()
        picks = [picked(streams, *_cell(text), out=out) for texts, out in ((only, False), (without, True))
                 for text in texts or ()]
        with terminal_job() as job:
            some = Picked(session.store, picks, job) if picks else None
            store = session.store if some is None else cast("Workspace", some)
            times, measured = metric_series(store, wanted, window, bucket_s, _split(by), job)
            if some is not None and measured and not some.told:
                say("This metric cannot be told for these rows alone: it is of all rows.")
        if not measured:
            raise BadSettings(f"This log has no data for `{metric}`", where=session.command_target,
                              do="Correct the roles under Sources > Columns if a column holds it")
    rows = [{"start": iso(from_epoch(float(times[index])), relative=relative), "value": float(part.values[index]),
             "n": int(part.n[index]), "by": part.by or None}
            for part in measured for index in range(len(times))
            if np.isfinite(part.values[index]) or not by]
    if json:
        print_json({"metric": wanted.name, "unit": wanted.unit, "bucket_s": bucket_s, "buckets": rows})
        return
    say(f"{wanted.title} {wanted.series}".strip() + f", per {bucket_s} s. {wanted.sentence}")
    for row in rows:
        label = f"  {row['by']}" if row["by"] else ""
        typer.echo(f"{row['start']}  {format_value(float(row['value']), wanted.unit):>14}  n={row['n']}{label}")  # type: ignore[arg-type]


def _check_name(target: Path, metric: str | None) -> None:
    """Whether there may be such a metric, before anything is loaded. Raises BadSettings."""
    from console.logs import config
    from console.store.own import OwnMetric

    if metric is not None and not target.is_file():
        said = config.read(target).metric
        find(metric, [OwnMetric(str(one.get("name")), "") for one in said])


def _list(session: Session, json: bool) -> None:
    """What the log has data for, and the user's own, whether they may be run or not."""
    from console.metrics.charts import available
    from console.metrics.scanned import HOW_TO_TRUST, NOT_TRUSTED

    found = available(session.store)
    own = {one.name for one in session.store.own.metrics}
    waits = bool(own) and not session.trusted
    if json:
        print_json({"metrics": [{"metric": one.name, "title": f"{one.title} {one.series}".strip(), "unit": one.unit,
                                 "sentence": one.sentence, "runs": not (waits and one.name in own)} for one in found]})
        return
    for one in found:
        typer.echo(f"{one.name:<28} {one.sentence}")
    if waits:
        say(f"{NOT_TRUSTED}. {HOW_TO_TRUST}.")


def _cell(text: str) -> tuple[str, str | None]:
    """`COLUMN=VALUE`."""
    column, sign, value = text.partition("=")
    if not sign:
        raise BadSettings(f"`{text}` names no value", do="Write COLUMN=VALUE; `COLUMN=` means missing")
    return column, value or None


def _split(by: str | None) -> Role | str | None:
    """A role that rollups keep apart, else the name of a column."""
    return next((role for role in SERIES_ROLES if role.value == by), by)
