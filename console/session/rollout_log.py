"""The requests of a log as a replay needs them: which candidates there can be, and the rows of both versions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from console.errors import BadSettings
from console.jobs import Job
from console.roles import Role, StreamKind
from console.rollout.outcomes import HARMS, Outcomes, Requests, Source, judged_source, spoiled
from console.store.names import quoted
from console.store.queries import sql
from console.store.views import events_sql, number_sql

if TYPE_CHECKING:
    from console.store import StreamInfo, Workspace

MOST_ROWS = 20_000_000
BY_CHANCE = ", chosen by chance"
"""Behind a version of the log: somebody declares it, though the log has no probabilities."""

SHADOW = "the shadow of the log"


class Logged(NamedTuple):
    """A replay's rows, and what its versions are called."""

    requests: Requests
    stable: str
    candidate: str
    why: str


def candidates(store: Workspace) -> tuple[str, ...]:
    """What can be tried on this log, in words: its shadow, its later versions, and the logged version spoiled."""
    found: list[str] = []
    streams = _streams(store)
    if any(stream.column(Role.SHADOW_PREDICTION) for stream in streams):
        found.append(SHADOW)
    versions = _versions(store)
    for name in versions[1:]:
        found.append(name)
        if not any(stream.column(Role.ARM_PROBABILITY) for stream in streams):
            found.append(name + BY_CHANCE)
    return (*found, *(harm.name for harm in HARMS))


def read_requests(store: Workspace, candidate: str, seed: int, job: Job) -> Logged:
    """The rows for one of `candidates`. Reads the log; for a worker. Raises BadSettings, JobStopped."""
    versions = _versions(store)
    stable = versions[0] if versions else "stable"
    harm = next((each for each in HARMS if each.name == candidate), None)
    name = candidate.removesuffix(BY_CHANCE)
    if harm is None and candidate != SHADOW and name not in versions[1:]:
        raise BadSettings(f"There is no candidate `{candidate[:60]}`", do=f"There are {', '.join(candidates(store))}")
    kept = [stable, name] if name in versions[1:] and harm is None else versions[:1]
    job.report(0, 2, "Reading the requests")
    table = _rows(store, kept if len(versions) > 1 else [])
    job.stop_if_asked()
    if not table.num_rows:
        raise BadSettings("The log has no requests with a time", do="Choose another log")
    job.report(1, 2, "Sorting them")
    return _logged(table, stable, name, candidate, harm, seed)


def _streams(store: Workspace) -> list[StreamInfo]:
    return [stream for stream in store.streams() if stream.kind is StreamKind.REQUESTS]


def _versions(store: Workspace) -> list[str]:
    return [str(row[0]) for row in store.cursor().execute(sql("session/rollout_versions")).fetchall()]


def _rows(store: Workspace, versions: list[str]) -> Any:
    streams = {stream.stream_id: stream for stream in store.streams()}

    def more(stream: StreamInfo) -> str:
        shadow = stream.column(Role.SHADOW_PREDICTION)
        told = f"{quoted(shadow.stored)}::VARCHAR" if shadow is not None else "NULL::VARCHAR"
        return f", {number_sql(stream, Role.ARM_PROBABILITY)} AS arm_probability, {told} AS shadow"

    query = sql("session/rollout_rows").replace("/*events*/", events_sql(streams, more))
    result = store.cursor().sql(query, params={"versions": versions}).to_arrow_table()
    if result.num_rows > MOST_ROWS:
        raise BadSettings(f"The log has more than {MOST_ROWS:,} requests", do="Open a folder with a part of it")
    return result


def _logged(table: Any, stable: str, name: str, candidate: str, harm: Any, seed: int) -> Logged:
    def numbers(column: str) -> np.ndarray[Any, np.dtype[np.float64]] | None:
        values = table[column]
        if values.null_count == table.num_rows:
            return None
        return np.asarray(values.to_numpy(), np.float64)

    at = np.asarray(table["arrived_s"].to_numpy(), np.float64)
    known = numbers("known_at")
    clicked, wrong = numbers("clicked"), numbers("wrong")
    told = None if known is None else np.where(np.isnan(known), np.inf, np.maximum(known, at))
    outcomes = Outcomes(
        failed=numbers("failed"), latency_ms=numbers("latency_ms"), score=numbers("score"), empty=numbers("empty"),
        clicked=clicked, clicked_at=told if clicked is not None else None, wrong=wrong,
        wrong_at=told if wrong is not None else None)
    user, users = _interned(table["user_id"])
    key = None
    if table["key"].null_count == 0:
        key = np.asarray(table["key"].to_numpy(), np.uint64)
    requests = Requests(at, user, users, outcomes, outcomes, Source.SYNTHETIC, key)
    if harm is not None:
        return Logged(spoiled(requests, harm, seed), stable, f"{stable}, {harm.name}", Source.SYNTHETIC.sentence)
    if candidate == SHADOW:
        shadow = Outcomes(score=numbers("shadow_score"), wrong=numbers("shadow_wrong"), wrong_at=outcomes.wrong_at,
                          empty=1.0 - np.asarray(table["shadowed"].to_numpy(zero_copy_only=False), np.float64))
        return Logged(replace(requests, candidate=shadow, source=Source.PAIRED), stable, "shadow",
                      Source.PAIRED.sentence)
    version, names = _interned(table["model_version"])
    place = {str(each): number for number, each in enumerate(names)}
    arm = np.where(version == place.get(name, -9), 1, np.where(version == place.get(stable, -9), 0, -1)).astype(np.int8)
    logged = numbers("arm_probability")
    # what is logged is the probability of the version that served
    probability = None if logged is None else np.where(arm == 1, logged, 1 - logged)
    source, why = judged_source(arm, probability, declared_random=candidate.endswith(BY_CHANCE))
    return Logged(replace(requests, source=source, arm=arm, probability=probability), stable, name, why)


def _interned(column: Any) -> tuple[np.ndarray[Any, np.dtype[np.int32]], np.ndarray[Any, np.dtype[np.object_]]]:
    """The place of each text among the different ones; -1 where there is none."""
    encoded = column.combine_chunks().dictionary_encode()
    if hasattr(encoded, "combine_chunks"):
        encoded = encoded.combine_chunks()
    places = np.asarray(encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False), np.int32)
    return places, np.array(encoded.dictionary.to_pylist(), dtype=object)
