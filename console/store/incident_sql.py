"""The questions that a report puts to `incident_rows`, as SQL to be run and printed: what is printed is what was run.

where       the WHERE clause of one of the two windows, from `within`
condition   a boolean expression over the columns of the table, made here or from quoted names
"""

from __future__ import annotations

from datetime import datetime

from console.store.incident_rows import NAME, moment
from console.store.names import quoted
from console.window import Window


def within(window: Window) -> str:
    """The condition of a window."""
    return f"ts >= {moment(window.start)} AND ts < {moment(window.end)}"


def make(definition: str) -> str:
    """The table, for this connection alone."""
    return f"CREATE OR REPLACE TEMP TABLE {NAME} AS {definition}"


def drop() -> str:
    """It goes."""
    return f"DROP TABLE IF EXISTS {NAME}"


def totals(where: str) -> str:
    """Requests and users."""
    return f"SELECT count(*) AS requests, count(DISTINCT user_id) AS users\nFROM {NAME}\n{where}"


def known(column: str, where: str = "") -> str:
    """In how many rows a column says something."""
    return f"SELECT count({column}) FROM {NAME} {where}"


def kinds_of(column: str, where: str) -> str:
    """About how many values a column has."""
    return f"SELECT approx_count_distinct({column}) FROM {NAME} {where}"


def share(column: str, where: str) -> str:
    """value, n, hits of a boolean column."""
    return (f"SELECT avg({column}::INTEGER) AS value, count({column}) AS n,\n"
            f"       count(*) FILTER (WHERE {column}) AS hits\nFROM {NAME}\n{where}")


def clicks(where: str) -> str:
    """value, n, hits of the clicks that are told."""
    return f"SELECT avg(clicked) AS value, count(clicked) AS n, sum(clicked) AS hits\nFROM {NAME}\n{where}"


def missing(where: str) -> str:
    """value, n of the missing cells of all input columns."""
    return f"SELECT sum(missing_cells) / sum(input_cells) AS value, sum(input_cells) AS n\nFROM {NAME}\n{where}"


def mean(expression: str, where: str) -> str:
    """value, n and the standard deviation."""
    return (f"SELECT avg({expression}) AS value, count({expression}) AS n,\n"
            f"       stddev_samp({expression}) AS spread\nFROM {NAME}\n{where}")


def percentile(q: float, low: float, high: float, where: str) -> str:
    """value, n, and the values at the two ranks that bound its interval."""
    return (f"SELECT quantile_disc(latency_ms, {q}) AS value, count(latency_ms) AS n,\n"
            f"       quantile_disc(latency_ms, {low:.6f}) AS low, quantile_disc(latency_ms, {high:.6f}) AS high\n"
            f"FROM {NAME}\n{where}")


def slowest(q: float, where: str) -> str:
    """One percentile alone."""
    return f"SELECT quantile_disc(latency_ms, {q}) FROM {NAME} {where}"


def harm(condition: str, where: str) -> str:
    """hits, n, users hit, users."""
    return (f"SELECT count(*) FILTER (WHERE {condition}) AS hits, count(*) AS n,\n"
            f"       count(DISTINCT user_id) FILTER (WHERE {condition}) AS users,\n"
            f"       count(DISTINCT user_id) AS of_users\nFROM {NAME}\n{where}")


def segments(column: str, condition: str, window: Window, reference: Window) -> str:
    """A row a value: of the window requests, affected share, failed share, p95, null share, clicks; the same of the
    reference; and how many are affected. Without a condition none is."""
    inside, before = (f"FILTER (WHERE {within(one)})" for one in (window, reference))
    hit = f"({condition})" if condition else "NULL::BOOLEAN"

    def numbers(which: str, end: str) -> str:
        return (f"       count(*) {which} AS requests{end}, avg(({hit})::INTEGER) {which} AS affected_share{end},\n"
                f"       avg(failed::INTEGER) {which} AS failed_share{end},\n"
                f"       quantile_disc(latency_ms, 0.95) {which} AS latency_p95{end},\n"
                f"       avg(no_answer::INTEGER) {which} AS null_share{end}, avg(clicked) {which} AS ctr{end}")

    affected = f"count(*) FILTER (WHERE {within(window)} AND {hit})" if condition else "0"
    return (f"SELECT {column}::VARCHAR AS value,\n{numbers(inside, '')},\n{numbers(before, '_before')},\n"
            f"       {affected} AS affected\nFROM {NAME}\nWHERE {column} IS NOT NULL\nGROUP BY ALL\n"
            "ORDER BY requests DESC, value")


def versions(window: Window, reference: Window) -> str:
    """A row a model version: requests of the window and of the reference."""
    return (f"SELECT model_version, count(*) FILTER (WHERE {within(window)}) AS requests,\n"
            f"       count(*) FILTER (WHERE {within(reference)}) AS requests_before\nFROM {NAME}\n"
            "WHERE model_version IS NOT NULL\nGROUP BY ALL\nORDER BY requests DESC, model_version")


def examples(where: str, whys: tuple[str, ...], most: int) -> str:
    """Some rows, spread evenly over those that fit: time, stream, file, record, and which of `whys` hold."""
    told = "".join(f", coalesce({one}, false)" for one in whys)
    return (f"SELECT ts, stream, file, record{told} FROM (SELECT *, row_number() OVER (ORDER BY ts, file, record) AS "
            f"place, count(*) OVER () AS total FROM {NAME} {where}) "
            f"WHERE place = 1 OR (place - 1) * {most} // total <> (place - 2) * {most} // total "
            f"ORDER BY ts, file, record LIMIT {most}")


def events_between(start: datetime, end: datetime) -> str:
    """How many requests the whole log has in that time."""
    return f"SELECT count(*) FROM events WHERE ts >= {moment(start)} AND ts < {moment(end)}"


def first_with(column: str) -> str:
    """When the first request with a value came. Takes the value, and from when to when it is looked for."""
    return f"SELECT min(ts) FROM events WHERE {quoted(column)} = ? AND ts >= ? AND ts < ?"
