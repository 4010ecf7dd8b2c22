"""Databricks' inference tables: three generations, as Parquet and as lines, batches of many predictions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from console.logs.sniff import PLAIN_ROWS, Head, sniff
from tests.console.logs.formats.payloads import (
    FEATURES,
    LONG,
    Loaded,
    check_features,
    cut,
    known_as,
    made,
    truth_of,
    write,
)
from tests.tiers import once


def legacy(request: Any, response: Any, **more: Any) -> dict[str, Any]:
    return {"client_request_id": "c1", "databricks_request_id": "d1", "timestamp_ms": 1772445600123,
            "status_code": 200, "execution_time_ms": 18, "request": as_text(request), "response": as_text(response),
            "sampling_fraction": 0.5,
            "request_metadata": {"endpoint_name": "ctr-ep", "model_name": "ctr", "model_version": "2"}, **more}


def gateway(request: Any, response: Any, **more: Any) -> dict[str, Any]:
    return {"request_date": "2026-03-02", "databricks_request_id": "d1", "client_request_id": None,
            "request_time": "2026-03-02T10:00:00.123Z", "status_code": 200, "sampling_fraction": 1.0,
            "execution_duration_ms": 420, "request": as_text(request), "response": as_text(response),
            "served_entity_id": "e-1", "logging_error_codes": [], "requester": "ada", **more}


def newest(request: Any, response: Any, **more: Any) -> dict[str, Any]:
    return {"event_time": "2026-03-02T10:00:00.123Z", "invocation_id": "v1", "status_code": 200, "latency_ms": 420,
            "request": as_text(request), "response": as_text(response), "destination_model": "small-2",
            "endpoint_name": "chat", "requester": "ada", **more}


def as_text(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else json.dumps(value)


ENVELOPE = {"client_request_id": "c1", "databricks_request_id": "d1", "timestamp_ms": "1772445600123",
            "sampling_fraction": "0.5", "endpoint_name": "ctr-ep", "model_name": "ctr", "model_version": "2"}
ONCE = {"status_code": "200", "execution_time_ms": "18"}


def test_that_a_batch_is_a_row_for_each_instance_and_one_call() -> None:
    rows, _ = cut("databricks", legacy({"dataframe_records": [{"a": 1, "b": "x"}, {"a": 2, "b": None}]},
                                       {"predictions": [0.1, None]}))
    assert rows == [
        {"request_id": "c1-item-1", **ENVELOPE, **ONCE, "batch_size": "2", "a": "1", "b": "x", "prediction": "0.1"},
        {"request_id": "c1-item-2", **ENVELOPE, "batch_size": "2", "a": "2"}]


@pytest.mark.parametrize("request_body", [
    {"dataframe_split": {"columns": ["a", "b"], "index": [0, 1], "data": [[1, "x"], [2, None]]}},
    {"dataframe_records": [{"a": 1, "b": "x"}, {"a": 2, "b": None}]},
    {"inputs": {"a": [1, 2], "b": ["x", None]}},
    {"instances": [{"a": 1, "b": "x"}, {"a": 2, "b": None}], "params": {"top": 1}},
    {"inputs": [{"a": 1, "b": "x"}, {"a": 2, "b": None}]},
])
def test_that_all_shapes_of_a_request_give_the_same_features(request_body: dict[str, Any]) -> None:
    rows, _ = cut("databricks", legacy(request_body, {"predictions": [3, 4]}))
    assert [(row["a"], row.get("b"), row["prediction"]) for row in rows] == [("1", "x", "3"), ("2", None, "4")]


@pytest.mark.parametrize(("response", "expected"), [
    ({"predictions": [{"score": 0.7, "label": "yes", "why": "z"}]},
     {"prediction": "yes", "score": "0.7", "output.why": "z"}),
    ({"predictions": [[0.1, 0.7, 0.2]]}, {"prediction": "1", "score": "0.7", "output.values": "[0.1,0.7,0.2]"}),
    ({"predictions": [[5, 6]]}, {"prediction": "[5,6]", "output.values": "[5,6]"}),
    ({"predictions": [[0.25]]}, {"prediction": "0.25"}),
    ({"predictions": [True]}, {"prediction": "true"}),
    ({"predictions": {"class": "a", "probability": 0.9}}, {"prediction": "a", "score": "0.9"}),
    ({"predictions": [{"p_yes": 0.3}]}, {"prediction": "0.3"}),
    ({"predictions": [list(range(21))]},
     {"prediction": "21 values", "output.values": json.dumps(list(range(21)), separators=(",", ":"))}),
    ({"outputs": [0.4]}, {"prediction": "0.4"}),
    ({"error_code": "INTERNAL_ERROR", "message": "<b>"},
     {"output.error_code": "INTERNAL_ERROR", "output.message": "<b>"}),
    (None, {}), ("", {}), ("null", {}), ("not json", {"prediction": "not json"}), ({}, {}), ([], {}),
])
def test_that_answers_are_opened(response: Any, expected: dict[str, str]) -> None:
    (row,), _ = cut("databricks", legacy({"dataframe_records": [{"a": 1}]}, response))
    assert {key: row[key] for key in row if key.startswith(("prediction", "score", "output."))} == expected


def test_that_a_chat_has_tokens_and_what_came_back() -> None:
    asked = {"messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hello"}],
             "temperature": 0.2}
    said = {"model": "small-2-0426", "choices": [{"index": 0, "finish_reason": "stop",
                                                  "message": {"role": "assistant", "content": "hi there"}}],
            "usage": {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}}
    empty = {"choices": [{"finish_reason": "length", "message": {"content": None}}], "usage": {"prompt_tokens": 11}}
    calls = {"choices": [{"finish_reason": "tool_calls", "message": {"content": None, "tool_calls": [{"id": "x"}]}}]}
    rows, _ = cut("databricks", gateway(asked, said), gateway(asked, empty), gateway(asked, calls))
    wanted = ("request_id", "served_entity_id", "execution_duration_ms", "requester", "n_messages", "prompt_chars",
              "temperature", "prompt_tokens", "completion_tokens", "finish_reason", "prediction", "answer_chars")
    assert [[row.get(name) for name in wanted] for row in rows] == [
        ["d1", "e-1", "420", "ada", "2", "12", "0.2", "11", "3", "stop", "text", "8"],
        ["d1", "e-1", "420", "ada", "2", "12", "0.2", "11", None, "length", None, "0"],
        ["d1", "e-1", "420", "ada", "2", "12", "0.2", None, None, "tool_calls", "tool calls", "0"]]


def test_that_hostile_rows_are_rows_or_set_aside() -> None:
    rows, found = cut(
        "databricks", legacy(LONG, LONG), legacy("{", "["), legacy({"dataframe_records": {"a": 1}}, {"predictions": 5}),
        legacy({"dataframe_split": {"data": [[1]]}}, {"predictions": []}),
        legacy({"dataframe_split": []}, {"predictions": [1]}), legacy({"dataframe_records": []}, None),
        legacy({"dataframe_records": [{"request_id": 1, "prediction": 2, "x": {"y": 1, "z": {"w": 2}}}]}, {}),
        legacy(5, 5, request_metadata="x", status_code=None), {"databricks_request_id": "x"}, [1], "{",
        legacy('{"dataframe_records": [{"a": 1, "a": 2}]}', None))
    assert [(bad.line, bad.reason) for bad in found.bad] == [
        (8, "neither request nor response"), (9, "no row of the table"), (10, "not valid JSON"),
        (11, "the same key twice")]
    body = [{key: value for key, value in row.items() if key not in {**ENVELOPE, **ONCE} and
             key not in ("request_id", "batch_size")} for row in rows]
    assert body == [
        {"input": LONG, "prediction": LONG}, {"input": "{", "prediction": "["}, {"a": "1", "prediction": "5"},
        {"feature_1": "1"}, {"prediction": "1"}, {},
        {"input.request_id": "1", "input.prediction": "2", "x.y": "1", "x.z": '{"w":2}'},
        {"input": "5", "prediction": "5"}]


def test_that_it_is_told_from_other_lines() -> None:
    for generation in (legacy, gateway, newest):
        assert known_as(generation({}, {}), generation({}, {})) == "databricks"
    assert known_as({"request": "a", "response": "b", "ts": "2026-03-02T10:00:00Z"}) == ""
    assert known_as({"databricks_request_id": "d", "ts": "2026-03-02T10:00:00Z"}) == ""


def parquet(path: Path, rows: list[dict[str, Any]], **types: pa.DataType) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {name: pa.array([row[name] for row in rows], types.get(name)) for name in rows[0]}
    pq.write_table(pa.table(columns), path)


@pytest.mark.parametrize("stamp", [pa.timestamp("us", tz="UTC"), pa.timestamp("ns"), pa.timestamp("ms")])
def test_that_times_of_parquet_are_those_times(tmp_path: Path, stamp: pa.DataType) -> None:
    rows = [gateway({"messages": [{"role": "user", "content": "x" * n}]}, {"choices": [], "usage": {}},
                    request_time=datetime(2026, 3, 2, 10, 0, n, 123000, UTC), client_request_id=f"c{n}")
            for n in range(30)]
    parquet(tmp_path / "logs/part-0.parquet", rows, request_time=stamp, logging_error_codes=pa.list_(pa.string()))
    loaded = Loaded(tmp_path / "logs", tmp_path / "w.pilot")
    assert loaded.ask("SELECT strftime(min(_ts), '%H:%M:%S.%f'), strftime(max(_ts), '%H:%M:%S.%f'), count(*) FROM raw",
                      "databricks") == [("10:00:00.123000", "10:00:29.123000", 30)]
    roles = loaded.roles("databricks")
    assert roles.items() >= {"timestamp": "request_time", "latency": "execution_duration_ms", "user_id": "requester",
                             "model_version": "served_entity_id", "status": "status_code",
                             "sampling_fraction": "sampling_fraction", "request_id": "request_id"}.items()
    assert loaded.features("databricks") >= {"prompt_chars"} and "batch_size" not in loaded.features("databricks")
    loaded.close()


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Loaded]:
    write(tmp_path / "logs/table.jsonl", [
        newest({"messages": []}, {"choices": [], "usage": {"prompt_tokens": n}}, invocation_id=f"v{n}",
               event_time=f"2026-03-02T10:00:{n:02d}Z") for n in range(30)])
    loaded = Loaded(tmp_path / "logs", tmp_path / "w.pilot")
    yield loaded
    loaded.close()


def test_that_lines_of_the_newest_table_are_followed(followed: Loaded) -> None:
    followed.poll()
    line = json.dumps(newest({"messages": []}, {}, invocation_id="late")) + "\n"
    log = followed.folder / "table.jsonl"
    with log.open("a") as out:
        out.write(line[:99])
    assert followed.poll() == 0
    with log.open("a") as out:
        out.write(line[99:])
    assert followed.poll() == 1
    followed.again()
    assert followed.ask("SELECT count(*), count(DISTINCT request_id), sum(prompt_tokens) FROM raw",
                        "databricks") == [(31, 31, 435)]
    assert followed.roles("databricks").items() >= {
        "timestamp": "event_time", "latency": "latency_ms", "model_version": "destination_model",
        "model": "endpoint_name", "user_id": "requester", "input_tokens": "prompt_tokens"}.items()


ROLES = {"request_id": "request_id", "timestamp": "timestamp_ms", "latency": "execution_time_ms", "model": "model_name",
         "model_version": "model_version", "status": "status_code", "sampling_fraction": "sampling_fraction",
         "prediction": "prediction", "feature_length": "seq_len"}


def check(loaded: Loaded, truth: dict[str, Any]) -> None:
    assert loaded.report.rows_quarantined == 0 and loaded.report.rows_loaded == truth["logged_requests"]
    assert loaded.roles("databricks") == ROLES and loaded.features("databricks") == set(FEATURES)
    by_version = loaded.ask(
        "SELECT model_version, count(*), count(*) - count(prediction), sum((status_code <> 200)::INT), "
        "avg(execution_time_ms) FROM raw GROUP BY 1", "databricks")
    for version, n, nulls, errors, mean in by_version:
        each = truth["by_version"][f"ctr-v{version}"]
        assert (n, nulls, errors) == (each["rows"], each["null_predictions"], each["errors"])
        assert each["latency_ms_mean"] < mean < each["latency_ms_mean"] + 1       # the table has the ms above
    assert len(by_version) == len(truth["by_version"])
    times = loaded.ask("SELECT strftime(unnest([min(_ts), max(_ts)]), '%Y-%m-%dT%H:%M:%S.%g') FROM raw", "databricks")
    assert [time for time, in times] == [truth["first"][:23], truth["last"][:23]]
    check_features(loaded, "databricks", truth, dict(zip(FEATURES, FEATURES, strict=True)))


def test_that_the_sample_gives_its_truth(shared_logs: Path, tmp_path: Path) -> None:
    loaded = Loaded(shared_logs / "format-databricks", tmp_path / "w.pilot")
    check(loaded, truth_of(shared_logs, "format-databricks"))
    loaded.close()


@pytest.mark.parametrize("seed", once(11, 12))
def test_that_made_folders_give_their_truth(shared_logs: Path, tmp_path: Path, seed: int) -> None:
    truth = made(shared_logs, "databricks", tmp_path / "logs", seed)
    loaded = Loaded(tmp_path / "logs", tmp_path / "w.pilot")
    check(loaded, truth)
    loaded.close()


def test_that_rows_that_a_report_has_written_are_no_table_of_databricks_any_more(tmp_path: Path) -> None:
    rows = pa.table({name: [value] for name, value in newest({"a": 1}, {"b": 2}).items()})
    pq.write_table(rows, tmp_path / "theirs.parquet")
    pq.write_table(rows.replace_schema_metadata({PLAIN_ROWS: b"1"}), tmp_path / "ours.parquet")
    dialects = {}
    for path in tmp_path.iterdir():
        head = sniff(path, path.name, 10)
        assert isinstance(head, Head)
        dialects[path.name] = head.file.dialect
    assert dialects == {"theirs.parquet": "databricks", "ours.parquet": ""}
