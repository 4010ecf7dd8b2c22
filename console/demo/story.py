"""Writes the demo's log folder: two days of history that end now.

    predictions/  one JSON line a request, eight compressed files; the live one, predictions.jsonl, is the writer's
    labels/       request_id, label_ts, clicked, churned: written when the attribution window of the request closes
    system/       CPU, memory, load and GPU of three hosts, every ten seconds
    reference/    a healthy sample of a month ago, with its outcomes
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.clock import now as time_of_day
from console.demo.chapters import SPAN, Chapters, Floats
from console.demo.world import Block, requests, system
from console.errors import BadSettings, CannotWrite
from console.jobs import Job, SilentJob
from console.window import Window, from_epoch

ROWS = 300_000
REFERENCE_ROWS = 20_000
FILES = 8
ATTRIBUTION_S = 60.0            # outcomes, yes or no, are known so long after the request
SAMPLE_STEP_S = 10.0
REFERENCE_AGE = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class StoryTruth:
    """What was done to the data, and when."""

    folder: Path
    truth_file: Path
    seed: int
    rows: int
    labels: int
    samples: int
    reference_rows: int
    live_rate: float            # requests a second at the end of the history; the writer goes on with it
    chapters: Chapters


def new_folder(parent: Path, *, now: datetime | None = None) -> Path:
    """A name inside `parent` that nothing has yet: `demo-20260302-1000`."""
    stem = f"demo-{now or time_of_day():%Y%m%d-%H%M}"
    names = [stem, *(f"{stem}-{number}" for number in range(2, 1000))]
    return next(parent / name for name in names if not (parent / name).exists())


def make_story(folder: Path, *, seed: int = 7, now: datetime | None = None, rows: int = ROWS,
               job: Job | None = None) -> StoryTruth:
    """Write the history into `folder`, which is made and must be empty. Same seed and time, same rows.

    now   end of the history, UTC; the time of day by default
    rows  of requests, at least 1,000
    Raises BadSettings when the folder holds something, CannotWrite when it cannot be written.
    """
    job = job or SilentJob()
    if rows < 1000:
        raise BadSettings(f"A story of {rows} rows has no chapters", do="Ask for 1,000 rows or more")
    end = (now or time_of_day()).replace(microsecond=0)
    chapters = Chapters.ending(end)
    try:
        if folder.exists() and any(folder.iterdir()):
            raise BadSettings("The folder for the demo is not empty", where=str(folder), do="Name another one")
        for name in ("predictions", "labels", "system", "reference"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        counts = _write_history(folder, chapters, seed, rows, job)
        at_end = chapters.traffic(np.array([chapters.whole.end_s]))[0] / _mean_traffic(chapters)
        truth = StoryTruth(folder, folder.with_name(folder.name + ".truth.json"), seed, rows, counts["labels"],
                           counts["samples"], counts["reference"],
                           round(float(at_end) * rows / SPAN.total_seconds(), 3), chapters)
        truth.truth_file.write_text(json.dumps(_as_json(truth), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise CannotWrite(f"The demo's log could not be written: {error.strerror or error}", where=str(folder),
                          do="Name a folder that can be written with --out") from error
    return truth


def read_truth(folder: Path) -> StoryTruth:
    """What was written beside a story's folder. Raises BadSettings when there is none."""
    path = folder.with_name(folder.name + ".truth.json")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return StoryTruth(folder, path, found["seed"], found["rows"], found["labels"], found["samples"],
                          found["reference_rows"], found["live_rate"],
                          Chapters.ending(datetime.fromisoformat(found["end"])))
    except (OSError, ValueError, KeyError) as error:
        raise BadSettings("This is no folder of the demo", where=str(folder),
                          do="Make one with `pilothouse demo`") from error


def iso(at_s: Floats) -> NDArray[Any]:
    """Seconds since 1970 as the log writes them: `2026-03-02T10:00:00.123456Z`."""
    stamps = (at_s * 1e6).round().astype("datetime64[us]")
    return np.char.add(np.datetime_as_string(stamps, unit="us"), "Z")


def _write_history(folder: Path, chapters: Chapters, seed: int, rows: int, job: Job) -> dict[str, int]:
    rng = np.random.default_rng([seed, 1])
    times = _arrivals(rng, chapters, rows)
    edges = np.linspace(chapters.whole.start_s, chapters.whole.end_s, FILES + 1)
    bounds = np.searchsorted(times, edges)
    steps = FILES + 2
    labels = 0
    for number in range(FILES):
        job.stop_if_asked()
        job.report(number, steps, "Writing the demo's log")
        lo, hi = int(bounds[number]), int(bounds[number + 1])
        stamp = f"{from_epoch(edges[number]):%Y%m%dT%H%M%S}"
        block = requests(rng, times[lo:hi], lo, chapters, seed=seed)
        _write(folder / "predictions" / f"predictions-{stamp}.jsonl.zst", {"ts": iso(block.at_s), **block.columns})
        known = outcomes(block, ATTRIBUTION_S, until_s=chapters.whole.end_s)
        labels += len(known["clicked"])
        _write(folder / "labels" / f"labels-{stamp}.jsonl.zst", known)
    job.report(FILES, steps, "Writing the demo's log")
    at_s = np.arange(chapters.whole.start_s, chapters.whole.end_s, SAMPLE_STEP_S)
    half = len(at_s) // 2
    for part in (at_s[:half], at_s[half:]):
        columns = system(part, chapters)
        _write(folder / "system" / f"system-{from_epoch(part[0]):%Y%m%dT%H%M%S}.jsonl.zst",
               {"ts": iso(columns.pop("at_s")), **columns})
    reference = _write_reference(folder, chapters, seed, min(REFERENCE_ROWS, rows))
    job.report(steps, steps, "Writing the demo's log")
    return {"labels": labels, "samples": 3 * len(at_s), "reference": reference}


def outcomes(block: Block, attribution_s: float, *, until_s: float = np.inf) -> dict[str, Any]:
    """The outcomes of a block, in the order in which they become known; none is later than `until_s`."""
    known = block.labelled
    return {"request_id": block.columns["request_id"][known],
            "label_ts": iso(np.minimum(block.at_s[known] + attribution_s, until_s)),
            "clicked": block.clicked[known].astype(np.int64), "churned": block.churned[known].astype(np.int64)}


def _write_reference(folder: Path, chapters: Chapters, seed: int, rows: int) -> int:
    rng = np.random.default_rng([seed, 2])
    start = (chapters.whole.start - REFERENCE_AGE).timestamp()
    at_s = start + np.sort(rng.random(rows)) * SPAN.total_seconds()
    block = requests(rng, at_s, 2**40, chapters, seed=seed, reference=True)
    told = {name: np.where(block.labelled, values, np.nan)
            for name, values in (("clicked", block.clicked), ("churned", block.churned))}
    _write(folder / "reference" / "reference.parquet", {"ts": iso(at_s), **block.columns, **told})
    return rows


def _arrivals(rng: np.random.Generator, chapters: Chapters, rows: int) -> Floats:
    """Sorted times: a Poisson stream in the shape of the traffic, uneven from minute to minute."""
    minutes = int(SPAN.total_seconds() // 60)
    middle = np.arange(minutes, dtype=np.float64) * 60
    middle += chapters.whole.start_s + 30
    weight = chapters.traffic(middle) * rng.gamma(120, 1 / 120, minutes)
    counts = rng.multinomial(rows, weight / weight.sum())
    at_s = chapters.whole.start_s + (np.repeat(np.arange(minutes), counts) + rng.random(rows)) * 60
    return np.sort(at_s)


def _mean_traffic(chapters: Chapters) -> float:
    at_s = np.arange(0, SPAN.total_seconds(), 60, dtype=np.float64)
    at_s += chapters.whole.start_s
    return float(chapters.traffic(at_s).mean())


def _write(path: Path, columns: dict[str, Any]) -> None:
    """One file by its ending. DuckDB writes JSON lines some ten times as fast as Python; NaN becomes null."""
    import duckdb
    import pyarrow as pa

    table = pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        connection.register("made", table)
        target = str(path).replace("'", "''")
        how = "FORMAT parquet" if path.suffix == ".parquet" else "FORMAT json, COMPRESSION zstd"
        connection.execute(f"COPY made TO '{target}' ({how})")


def _as_json(truth: StoryTruth) -> dict[str, Any]:
    def window(of: Window) -> dict[str, str]:
        return {"start": of.start.isoformat(), "end": of.end.isoformat()}

    chapters = truth.chapters
    return {"made_by": "pilothouse demo", "seed": truth.seed, "rows": truth.rows, "labels": truth.labels,
            "samples": truth.samples, "reference_rows": truth.reference_rows, "live_rate": truth.live_rate,
            "start": chapters.whole.start.isoformat(), "end": chapters.whole.end.astimezone(UTC).isoformat(),
            "chapters": {
                "healthy": window(chapters.healthy),
                "drift": {**window(chapters.drift), "columns": ["price", "seq_len", "device"]},
                "canary": {**window(chapters.canary), "version": "ctr-v2",
                           "ramp": [{"at": when.isoformat(), "share": share} for when, share in chapters.ramp],
                           "columns": ["latency_ms", "status_code", "prediction", "clicked", "mem_mb"]},
                "nulls": {**window(chapters.nulls), "columns": ["prediction", "age", "user_ctr_7d"]}}}
