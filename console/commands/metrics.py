"""`pilothouse metrics`: one metric per bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from console.commands.common import AsJson, Fresh, iso, opened, print_json, say, window_of
from console.errors import BadSettings
from console.metrics.catalogue import find
from console.metrics.charts import described, metric_series
from console.metrics.format import format_value
from console.metrics.grid import bucket_for, parse_length
from console.roles import SERIES_ROLES, Role
from console.window import from_epoch


def metrics(target: Annotated[Path, typer.Argument(metavar="WORKSPACE|FOLDER", help="A workspace or a log folder.")],
            metric: Annotated[str, typer.Option(help="Name of the metric, as in the README's table.")],
            bucket: Annotated[str | None, typer.Option(help="Length of a bucket: 10s, 1m, 1h.")] = None,
            start: Annotated[str | None, typer.Option("--from", help="First instant; by default the log's.")] = None,
            end: Annotated[str | None, typer.Option("--to", help="End, not included; by default the log's.")] = None,
            by: Annotated[str | None, typer.Option(help="Split by model, model_version or host.")] = None,
            fresh: Fresh = False, json: AsJson = False,
            ) -> None:
    """Print one metric, bucket by bucket."""
    wanted = find(metric)
    with opened(target, fresh=fresh) as session:
        window = window_of(start, end, session=session)
        bucket_s = parse_length(bucket) if bucket else bucket_for(window, 500)
        relative = session.store.relative
        wanted = described(session.store, wanted, window, bucket_s)
        times, measured = metric_series(session.store, wanted, window, bucket_s, _role(by))
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


def _role(by: str | None) -> Role | None:
    if by is None:
        return None
    for role in SERIES_ROLES:
        if role.value == by:
            return role
    raise BadSettings(f"A metric cannot be split by `{by}`",
                      do="Choose one of " + ", ".join(role.value for role in SERIES_ROLES))
