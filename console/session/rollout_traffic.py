"""What a log is like, for plans of rollouts: one scan of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.metrics.maturity import WAITED
from console.roles import Role, StreamKind
from console.rollout.chances import Traffic
from console.rollout.plan import MetricKind, Plan
from console.store.asking import one
from console.store.queries import sql

if TYPE_CHECKING:
    from console.store import Workspace

LIMITS_MS = (50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 10000.0)
"""Limits of latency that a plan may be fitted to."""

LATENCIES = (MetricKind.LATENCY_SHARE, MetricKind.LATENCY_PERCENTILE, MetricKind.LATENCY_MEAN)


def traffic_of(store: Workspace, plan: Plan) -> Traffic:
    """All of the log, as far as this plan asks; of a log without requests, or none yet, that there are none. Reads the
    rows; for a worker."""
    cursor = store.cursor()
    streams = [stream for stream in store.streams() if stream.kind is StreamKind.REQUESTS]
    if not streams:
        return Traffic(0.0, {}, None, 0.0, None)
    by_score = not any(stream.column(Role.PREDICTION) for stream in streams)
    answers = any(stream.column(Role.PREDICTION) or stream.column(Role.SCORE) for stream in streams)
    (requests, seconds, users, error_rate, nulls, ctr, scores, latencies) = one(
        cursor, sql("session/rollout_traffic"), {"by_score": by_score})
    shares = {MetricKind.ERROR_RATE: error_rate, MetricKind.NULL_SHARE: nulls if answers else None,
              MetricKind.SUCCESS_RATE: None if error_rate is None else 1 - error_rate, MetricKind.CTR: ctr,
              MetricKind.WRONG_SHARE: store.wrong_share()}
    known = {kind: float(share) for kind, share in shares.items() if share is not None}
    metrics = {*known, MetricKind.REQUESTS, MetricKind.SQL, MetricKind.DRIFT}
    metrics |= set(LATENCIES) if latencies else set()
    metrics |= {MetricKind.SCORE_MEAN} if scores else set()
    limits = set(LIMITS_MS) | {gate.binding.limit for gate in plan.gates if gate.binding is not None
                               and gate.binding.metric is MetricKind.LATENCY_SHARE and gate.binding.limit}
    slower = {}
    if latencies:
        slower = dict(cursor.execute(sql("session/slower_share"), {"limits_ms": sorted(limits)}).fetchall())
    return Traffic(requests / seconds if seconds else 0.0, known, int(users) or None, seconds,
                   store.outcome_wait(WAITED), frozenset(metrics), slower)
