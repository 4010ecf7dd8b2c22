"""Vertex AI's log: payloads as lists of text in its first table, whole bodies in its second."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

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

ENDPOINT = "projects/1/locations/europe-west4/endpoints/5"


def first(asked: Any, said: Any, **more: Any) -> dict[str, Any]:
    return {"endpoint": ENDPOINT, "deployed_model_id": "4871203948571029384",
            "logging_time": "2026-03-02 10:00:00.123456 UTC", "request_id": "123456789012345678901234567890",
            "request_payload": asked, "response_payload": said, **more}


def second(asked: Any, said: Any, **more: Any) -> dict[str, Any]:
    return {**first([], []), "model": "publishers/google/models/small", "model_version": "002",
            "api_method": "generateContent", "full_request": asked, "full_response": said,
            "metadata": {"request_latency": 812.5}, "otel_log": None, **more}


ENVELOPE = {"endpoint": ENDPOINT, "deployed_model_id": "4871203948571029384",
            "logging_time": "2026-03-02 10:00:00.123456 UTC"}
ID = "123456789012345678901234567890"


def test_that_each_text_of_the_payload_is_an_instance() -> None:
    rows, _ = cut("vertex", first(['{"age": 3, "device": "tv"}', '{"age": null}'], ['{"score": 0.5}', "0.25"]),
                  first(["[1, 2]"], ["0.5"]), first(["plain words"], ["[0.2, 0.8]"]))
    assert rows == [
        {"request_id": f"{ID}-item-1", **ENVELOPE, "batch_size": "2", "age": "3", "device": "tv", "score": "0.5"},
        {"request_id": f"{ID}-item-2", **ENVELOPE, "batch_size": "2", "prediction": "0.25"},
        {"request_id": ID, **ENVELOPE, "batch_size": "1", "feature_1": "1", "feature_2": "2", "prediction": "0.5"},
        {"request_id": ID, **ENVELOPE, "batch_size": "1", "input": "plain words", "prediction": "1", "score": "0.8",
         "output.values": "[0.2,0.8]"}]


def test_that_a_payload_may_hold_a_whole_body() -> None:
    rows, _ = cut("vertex", first(['{"instances": [{"age": 3}, {"age": 4}]}'], ['{"predictions": [1, 2]}']))
    assert [(row["request_id"], row["age"], row["prediction"]) for row in rows] == [
        (f"{ID}-item-1", "3", "1"), (f"{ID}-item-2", "4", "2")]


@pytest.mark.parametrize("as_text", [False, True])
def test_that_the_second_table_has_bodies_as_objects_or_as_text(as_text: bool) -> None:
    asked = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
    said = {"candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": "hello"}]}}],
            "usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 2}}
    record = second(asked, said)
    if as_text:
        record |= {"full_request": json.dumps(asked), "full_response": json.dumps(said),
                   "metadata": json.dumps(record["metadata"])}
    (row,), _ = cut("vertex", record)
    wanted = {**ENVELOPE, "request_id": ID, "model": "publishers/google/models/small", "model_version": "002",
              "api_method": "generateContent", "request_latency": "812.5", "batch_size": "1",
              "contents": '[{"role":"user","parts":[{"text":"hi"}]}]', "prediction": "text", "finish_reason": "STOP",
              "prompt_tokens": "4", "completion_tokens": "2", "answer_chars": "5"}
    assert {key: value for key, value in row.items() if not key.startswith("output.")} == wanted


def test_that_hostile_rows_are_rows_or_set_aside() -> None:
    rows, found = cut(
        "vertex", first(None, None), first([], []), first("text", {"a": 1}), first([None], [None]),
        first([LONG], [LONG]), first(['{"endpoint": 1, "x": 2}'], ['{"error": "no"}']), first([5], [[1]]),
        first(["1"], ["2"], logging_time=None), {"deployed_model_id": "x"}, [1], "{",
        second({"a": 1}, {"b": 2}, metadata="broken {"))
    assert [(bad.line, bad.reason) for bad in found.bad] == [
        (7, "no logging_time"), (8, "no row of the table"), (9, "no row of the table"), (10, "not valid JSON")]
    body = [{key: value for key, value in row.items() if key not in ENVELOPE and key not in (
        "request_id", "batch_size", "model", "model_version", "api_method")} for row in rows]
    assert body == [{}, {}, {}, {}, {"input": LONG, "prediction": LONG},
                    {"input.endpoint": "1", "x": "2", "output.error": "no"}, {"input": "5", "prediction": "1"},
                    {"a": "1", "prediction": "2"}]


def test_that_it_is_told_from_other_lines() -> None:
    assert known_as(first(["1"], ["2"]), first(["1"], ["2"])) == "vertex"
    assert known_as(second({}, {})) == "vertex"
    assert known_as({"deployed_model_id": "1", "ts": "2026-03-02T10:00:00Z", "request_payload": "x"}) == ""
    assert known_as({"logging_time": "2026-03-02T10:00:00Z", "level": "INFO"}) == ""


def test_that_the_second_table_has_latency_and_version(tmp_path: Path) -> None:
    write(tmp_path / "logs/x.json", [
        second({"x": n}, {"score": n / 10}, metadata={"request_latency": 100.0 + n}, model_version=f"00{n % 2 + 1}",
               request_id=str(n), logging_time=f"2026-03-02 10:00:{n:02d}.5 UTC") for n in range(30)])
    loaded = Loaded(tmp_path / "logs", tmp_path / "w.pilot")
    assert loaded.roles("vertex") == {
        "request_id": "request_id", "timestamp": "logging_time", "model": "model", "model_version": "model_version",
        "latency": "request_latency", "score": "score"}
    assert loaded.ask("SELECT count(*), avg(request_latency), count(DISTINCT model_version) FROM raw", "vertex") == [
        (30, 114.5, 2)]
    loaded.close()


def test_that_the_table_is_read_from_parquet_too(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    rows = [first([json.dumps({"age": n})], ["0.5"], request_id=str(n)) for n in range(30)]
    pq.write_table(pa.table({name: [row[name] for row in rows] for name in rows[0]}), tmp_path / "logs/x.parquet")
    loaded = Loaded(tmp_path / "logs", tmp_path / "w.pilot")
    assert loaded.ask("SELECT count(*), sum(age), sum(prediction) FROM raw", "vertex") == [(30, 435, 15)]
    loaded.close()


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Loaded]:
    write(tmp_path / "logs/x.json", [first([json.dumps({"age": n})], ["0.5"], request_id=f"r{n}") for n in range(30)])
    loaded = Loaded(tmp_path / "logs", tmp_path / "w.pilot")
    yield loaded
    loaded.close()


def test_that_a_torn_line_and_a_packed_file_are_followed(followed: Loaded) -> None:
    followed.poll()
    line = json.dumps(first(['{"age": 100}'], ["0.5"], request_id="late")) + "\n"
    log = followed.folder / "x.json"
    with log.open("a") as out:
        out.write(line[:120])
    assert followed.poll() == 0
    with log.open("a") as out:
        out.write(line[120:])
    assert followed.poll() == 1
    packed = json.dumps(first(['{"age": 200}'], ["0.5"], request_id="packed")) + "\n"
    (followed.folder / "y.json.gz").write_bytes(gzip.compress(packed.encode()))
    followed.again()
    assert followed.ask("SELECT count(*), sum(age) FROM raw", "vertex") == [(32, 435 + 300)]


ROLES = {"request_id": "request_id", "timestamp": "logging_time", "model": "endpoint",
         "model_version": "deployed_model_id", "score": "score", "feature_length": "seq_len"}

VERSIONS = {"4871203948571029384": "ctr-v1", "9120394857102938475": "ctr-v2"}


def check(loaded: Loaded, truth: dict[str, Any]) -> None:
    assert loaded.report.rows_quarantined == 0 and loaded.report.rows_loaded == truth["logged_requests"]
    assert loaded.roles("vertex") == ROLES and loaded.features("vertex") == set(FEATURES)
    by_version = loaded.ask("SELECT deployed_model_id, count(*), count(*) - count(score) FROM raw GROUP BY 1", "vertex")
    assert {VERSIONS[version]: (n, nulls) for version, n, nulls in by_version} == {
        version: (each["rows"], each["null_predictions"]) for version, each in truth["by_version"].items()}
    check_features(loaded, "vertex", truth, dict(zip(FEATURES, FEATURES, strict=True)))
    ((seconds,),) = loaded.ask(f"SELECT epoch(min(_ts) - TIMESTAMP '{truth['first'][:-1]}') FROM raw", "vertex")
    assert 0 < seconds < 5          # logged when it was answered


def test_that_the_sample_gives_its_truth(shared_logs: Path, tmp_path: Path) -> None:
    loaded = Loaded(shared_logs / "format-vertex", tmp_path / "w.pilot")
    check(loaded, truth_of(shared_logs, "format-vertex"))
    loaded.close()


@pytest.mark.parametrize("seed", once(11, 12))
def test_that_made_folders_give_their_truth(shared_logs: Path, tmp_path: Path, seed: int) -> None:
    truth = made(shared_logs, "vertex", tmp_path / "logs", seed)
    loaded = Loaded(tmp_path / "logs", tmp_path / "w.pilot")
    check(loaded, truth)
    loaded.close()
