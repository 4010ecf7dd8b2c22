"""What an incident did, counted from the rows of its two windows. Each number is one query, which the report prints."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from console.alarms.rules import BurnRate, Rule
from console.drift.view import DriftView, Verdict
from console.errors import BadSettings
from console.jobs import Job
from console.metrics.catalogue import find
from console.metrics.format import format_number, format_value
from console.reports.counted import (
    ANY,
    SLOW,
    Harm,
    Side,
    affected,
    beyond_chance,
    budget,
    hit_by,
    ordered_segments,
    rank_shares,
)
from console.reports.view import NAN, SEGMENTS_BY, Affected, Budget, Incident, ModelVersion, Segment
from console.roles import INPUT_ROLES, ColumnType, Role, StreamKind
from console.store import incident_sql as ask
from console.store.incident_rows import log_column
from console.window import Window, from_epoch

if TYPE_CHECKING:
    import duckdb

    from console.store import StreamInfo, Workspace

MOST_MISSING = 5
"""Columns whose missing cells are a kind of harm of their own: those that lost most."""
MOST_SPLIT = 16
"""Columns of words whose values are looked at as segments."""
MOST_VALUES = 50
"""A column with more values is no way to tell segments apart."""
MOST_SEGMENTS = 40
WAITED = 0.9
"""Outcomes of a time are complete when so many of all come within its age, as on the charts."""

SHARES = {"error_rate": "failed", "null_responses": "no_answer"}
MEANS = {"label_mean": "label"}
PERCENTILES = {"latency_p50": 0.5, "latency_p95": 0.95, "latency_p99": 0.99}


class Counting:
    """The two windows of one incident. Use it within `counting`, on one thread."""

    def __init__(self, store: Workspace, incident: Incident, columns: Sequence[str], rows_sql: str) -> None:
        self._store, self._incident = store, incident
        self._cursor: duckdb.DuckDBPyConnection = store.cursor()
        self._columns = tuple(columns)
        self.rows_sql = rows_sql
        self.where = f"WHERE {ask.within(incident.window)}"
        self.where_before = f"WHERE {ask.within(incident.reference)}"
        row, before = self._one(ask.totals(self.where)), self._one(ask.totals(self.where_before))
        self.requests, self.users = int(row[0]), int(row[1]) or None
        self.requests_before, self.users_before = int(before[0]), int(before[1]) or None

    # ---- rates, latencies, outcomes ------------------------------------------------------------------------

    def sides(self, metric: str) -> tuple[Side, Side] | None:
        """(before, during) of a metric that the rows tell; None for the others."""
        if metric in SHARES:
            made = self._share(SHARES[metric])
        elif metric == "ctr":
            made = self._clicks()
        elif metric == "missing_values":
            made = self._missing()
        elif metric in MEANS:
            made = tuple(self._mean(MEANS[metric], where) for where in (self.where_before, self.where))
        elif metric == "prediction_mean":
            answer = "score" if self._told("score") else "TRY_CAST(prediction AS DOUBLE)"
            made = tuple(self._mean(answer, where) for where in (self.where_before, self.where))
        elif metric in PERCENTILES:
            made = tuple(self._percentile(PERCENTILES[metric], where) for where in (self.where_before, self.where))
        else:
            return None
        before, during = made
        return (before, during) if during.n else None

    def _share(self, column: str) -> tuple[Side, ...]:
        return tuple(self._hits(ask.share(column, where)) for where in (self.where_before, self.where))

    def _clicks(self) -> tuple[Side, ...]:
        found = []
        for where in (self.where_before, self.where):
            sql = ask.clicks(where)
            value, n, hits = self._one(sql)
            whole = hits is not None and float(hits).is_integer() and 0 <= hits <= n
            found.append(Side(_number(value), int(n), int(hits) if whole else None, sql=sql))
        return tuple(found)

    def _missing(self) -> tuple[Side, ...]:
        """Cells of one row are not independent, so there is no interval."""
        found = []
        for where in (self.where_before, self.where):
            sql = ask.missing(where)
            value, n = self._one(sql)
            found.append(Side(_number(value), int(n or 0), sql=sql))
        return tuple(found)

    def _mean(self, expression: str, where: str) -> Side:
        sql = ask.mean(expression, where)
        value, n, spread = self._one(sql)
        return Side(_number(value), int(n), spread=_number(spread), sql=sql)

    def _percentile(self, q: float, where: str) -> Side:
        (rows,) = self._one(ask.known("latency_ms", where))
        sql = ask.percentile(q, *rank_shares(q, int(rows)), where)
        value, n, least, most = self._one(sql)
        return Side(_number(value), int(n), low=_number(least), high=_number(most), sql=sql)

    def _hits(self, sql: str) -> Side:
        value, n, hits = self._one(sql)
        return Side(_number(value), int(n), int(hits), sql=sql)

    # ---- affected ------------------------------------------------------------------------------------------

    def affected(self, drift: DriftView | None) -> tuple[tuple[Affected, ...], str, str]:
        """Kinds of harm; what counts as affected, in a sentence; and the condition of `any` as SQL ("": nothing)."""
        kinds = self._kinds(drift)
        made = [(affected(self._harm(*kind)), kind[3]) for kind in kinds]
        grown = [(one, condition) for one, condition in made if beyond_chance(one)]
        found = [one for one, _ in made]
        if not grown:
            return tuple(found), "No kind of harm was more frequent than in the reference, beyond chance.", ""
        condition = " OR ".join(f"coalesce({condition}, false)" for _, condition in grown)
        meaning = " or ".join(dict.fromkeys(one.meaning for one, _ in grown))
        if len(grown) > 1:
            found.append(affected(self._harm(ANY, "Any of these", meaning, condition)))
        return tuple(found), f"Affected is a request that {meaning}.", condition

    def _kinds(self, drift: DriftView | None) -> list[tuple[str, str, str, str]]:
        """(what, title, meaning, condition)."""
        kinds = []
        if self._told("failed"):
            kinds.append(("failed", "Failed", "failed", "failed"))
        if self._told("no_answer"):
            kinds.append(("no_prediction", "No prediction", "got no prediction", "no_answer"))
        (slow,) = self._one(ask.slowest(SLOW, self.where_before))
        if slow is not None:
            said = format_value(float(slow), "ms")
            kinds.append(("slow", f"Slower than {said}",
                          f"took longer than {said}, as {format_number((1 - SLOW) * 100)} % do in the reference",
                          f"latency_ms > {float(slow)!r}"))
        for name in lost_columns(drift):
            if name in self._columns:
                kinds.append((f"missing:{name}", f"Without “{name}”", f"lacked a value for “{name}”",
                              f"{log_column(name)} IS NULL"))
        return kinds

    def _told(self, column: str) -> bool:
        return bool(self._one(ask.known(column))[0])

    def _harm(self, what: str, title: str, meaning: str, condition: str) -> Harm:
        sql, sql_before = ask.harm(condition, self.where), ask.harm(condition, self.where_before)
        hits, n, users, of_users = self._one(sql)
        hits_before, n_before, _, _ = self._one(sql_before)
        named = bool(of_users)
        return Harm(what, title, meaning, int(hits_before), int(n_before), int(hits), int(n),
                    int(users) if named else None, int(of_users) if named else None, sql, sql_before)

    # ---- segments ------------------------------------------------------------------------------------------

    def segments(self, condition: str, job: Job) -> tuple[tuple[Segment, ...], tuple[tuple[str, str], ...]]:
        """Values of versions, hosts and columns of words, the hardest hit first; and the queries, by column."""
        found: list[Segment] = []
        queries = []
        base = NAN
        if condition and self.requests_before:
            base = self._one(ask.harm(condition, self.where_before))[0] / self.requests_before
        for name, column in (("model_version", "model_version"), ("host", "host"),
                             *((name, log_column(name)) for name in self._columns)):
            job.stop_if_asked()
            (values,) = self._one(ask.kinds_of(column, self.where))
            if not 2 <= values <= MOST_VALUES * 1.2:
                continue
            sql = ask.segments(column, condition, self._incident.window, self._incident.reference)
            rows = [row for row in self._all(sql) if row[1]]
            if len(rows) < 2 or len(rows) > MOST_VALUES:
                continue
            queries.append((f"{SEGMENTS_BY} {name}", sql))
            found += [hit_by(_segment(name, row), base, self.requests, self.requests_before, harmed=bool(condition))
                      for row in rows]
        return ordered_segments(found, MOST_SEGMENTS, keep=("model_version", "host")), tuple(queries)

    # ---- versions, objectives, examples --------------------------------------------------------------------

    def versions(self, seen: Sequence[tuple[str, Window]]) -> tuple[ModelVersion, ...]:
        """Those that answered in the window; seen: from first to last row of each in the whole log."""
        spans = dict(seen)
        rows = self._all(ask.versions(self._incident.window, self._incident.reference))
        return tuple(ModelVersion(str(name), int(n), int(before),
                                  spans[name].start if name in spans else None,
                                  spans[name].end if name in spans else None)
                     for name, n, before in rows if n)

    def budgets(self, rules: Sequence[Rule]) -> tuple[tuple[Budget, ...], str]:
        """Of each rule that has an objective for a share that the rows tell; and why there is none."""
        burning = [rule for rule in rules if isinstance(rule.condition, BurnRate) and not rule.where]
        found = []
        for rule in burning:
            sides = self.sides(rule.metric)
            if sides is None or sides[1].hits is None:
                continue
            condition = rule.condition
            assert isinstance(condition, BurnRate)
            during = sides[1]
            expected, assumed = self._expected(condition.period_s)
            found.append(budget(rule.name, rule.metric, _title(rule.metric), condition.objective, condition.period_s,
                                during.hits or 0, during.n, expected=expected, assumed=assumed, sql=during.sql))
        if found:
            return tuple(found), ""
        return (), ("No rule with an objective is about failed requests or missing predictions." if burning else
                    "No objective is set: an alarm rule with a burn rate sets one.")

    def _expected(self, period_s: int) -> tuple[float, bool]:
        """Requests of the period that ends with the window; at the log's rate where the log is younger."""
        whole = self._store.span()
        streams = [one for one in self._store.streams() if one.kind is StreamKind.REQUESTS]
        total = sum(one.rows for one in streams)
        if whole is None or not total:
            return 0.0, True
        end_s = min(self._incident.window.end_s, whole.end_s)
        if whole.start_s <= end_s - period_s:
            (n,) = self._one(ask.events_between(from_epoch(end_s - period_s), from_epoch(end_s)))
            return float(n), False
        return total / whole.seconds * period_s, True

    def examples(self, condition: str, kinds: Sequence[tuple[str, str]], most: int) -> list[tuple[Any, ...]]:
        """(ts, stream, file, record, why...) of some requests, spread over the window: affected ones where there are.

        kinds  (title, condition) of harms, told in `why`
        """
        where = f"{self.where} AND ({condition})" if condition else self.where
        return self._all(ask.examples(where, tuple(one for _, one in kinds), most))

    def kinds(self, drift: DriftView | None) -> tuple[tuple[str, str], ...]:
        """(title, condition) of every kind of harm."""
        return tuple((title, condition) for _, title, _, condition in self._kinds(drift))

    # ---- inside --------------------------------------------------------------------------------------------

    def _one(self, sql: str) -> tuple[Any, ...]:
        return tuple(self._cursor.execute(sql).fetchall()[0])

    def _all(self, sql: str) -> list[tuple[Any, ...]]:
        return self._cursor.execute(sql).fetchall()


@contextmanager
def counting(store: Workspace, incident: Incident, drift: DriftView | None) -> Iterator[Counting | None]:
    """The rows of both windows as a table, for as long as it lasts; None for a log without requests."""
    streams = [stream for stream in store.streams() if stream.kind is StreamKind.REQUESTS]
    columns = tuple(dict.fromkeys((*_words(streams), *lost_columns(drift))))
    sql = store.incident_rows_sql((incident.window, incident.reference), columns, mature_until(store))
    if not sql:
        yield None
        return
    cursor = store.cursor()
    cursor.execute(ask.make(sql))
    try:
        yield Counting(store, incident, columns, sql)
    finally:
        cursor.execute(ask.drop())


def lost_columns(drift: DriftView | None) -> tuple[str, ...]:
    """Input columns with more missing cells than in the reference, beyond chance; those that lost most first."""
    if drift is None:
        return ()
    lost = [row for row in drift.columns if row.kind == "missing" and row.verdict in (Verdict.ALARM, Verdict.WATCH)
            and row.missing_current > row.missing_reference and row.role in tuple(str(role) for role in INPUT_ROLES)]
    lost.sort(key=lambda row: row.missing_reference - row.missing_current)
    return tuple(row.column for row in lost[:MOST_MISSING])


def mature_until(store: Workspace) -> datetime | None:
    """Outcomes of requests before then are complete; None where the log does not tell when outcomes came."""
    until = max((stream.last for stream in store.streams() if stream.kind is StreamKind.OUTCOMES
                 and stream.last is not None), default=None)
    wait_s = store.outcome_wait(WAITED) if until is not None else None
    if until is None or wait_s is None:
        return None
    return from_epoch(math.floor(until.timestamp() - wait_s))


def _words(streams: Sequence[StreamInfo]) -> list[str]:
    """Columns of words that go into the model, and those that mean nothing special."""
    found = [column.name for stream in streams for column in stream.columns
             if column.type is ColumnType.TEXT and (column.role in INPUT_ROLES or column.role is None
                                                    or column.role is Role.MODEL)]
    return list(dict.fromkeys(found))[:MOST_SPLIT]


def _segment(name: str, row: tuple[Any, ...]) -> Segment:
    (value, requests, share, failed, p95, null, ctr, requests_before, share_before, failed_before, p95_before,
     null_before, ctr_before, hit) = row
    return Segment(name, str(value), int(requests), _number(failed), _number(p95), _number(null), _number(ctr),
                   affected=int(hit), affected_share=_number(share), base_requests=int(requests_before),
                   base_share=_number(share_before), base_failed_share=_number(failed_before),
                   base_latency_p95=_number(p95_before), base_null_share=_number(null_before),
                   base_ctr=_number(ctr_before))


def _title(metric: str) -> str:
    try:
        return find(metric).title
    except BadSettings:
        return metric


def _number(value: Any) -> float:
    return NAN if value is None else float(value)
