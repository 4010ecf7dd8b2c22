"""KServe's logger: two records a request, by id, as CloudEvents and as blobs with bodies in base64."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.jobs import SilentJob
from console.logs.discover import discover
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

REQUEST, RESPONSE = "org.kubeflow.serving.inference.request", "org.kubeflow.serving.inference.response"


def event(kind: Any, data: Any, *, event_id: Any = "a1", time: str = "2026-03-02T10:00:00.000500Z",
          **more: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": event_id, "source": "http://localhost:9081/", "type": kind, "time": time,
            "datacontenttype": "application/json", "inferenceservicename": "ctr", "namespace": "prod",
            "component": "predictor", "endpoint": "canary", "data": data, **more}


ENVELOPE = {"source": "http://localhost:9081/", "time": "2026-03-02T10:00:00.000500Z", "inferenceservicename": "ctr",
            "namespace": "prod", "component": "predictor", "endpoint": "canary"}


def test_that_both_halves_are_rows_and_say_which_they_are() -> None:
    rows, _ = cut("kserve-cloudevents", event(REQUEST, {"instances": [{"age": 45.4, "device": "phone"}]}),
                  event(RESPONSE, {"predictions": [0.05]}))
    assert rows == [
        {"id": "a1", **ENVELOPE, "batch_size": "1", "age": "45.4", "device": "phone", "_half": 0},
        {"id": "a1", **ENVELOPE, "batch_size": "1", "status": "200", "prediction": "0.05", "_half": 1}]


def test_that_tensors_are_opened_flat_and_nested() -> None:
    asked = {"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [1, 2, 3, 4]},
                        {"name": "d", "shape": [2, 1], "datatype": "BYTES", "data": [["phone"], ["tv"]]}]}
    said = {"model_name": "ctr", "outputs": [{"name": "p", "shape": [2], "datatype": "FP32", "data": [0.1, None]}]}
    rows, _ = cut("kserve-cloudevents", event(REQUEST, asked), event(RESPONSE, said))
    assert [{key: row[key] for key in row if key not in ENVELOPE} for row in rows] == [
        {"id": "a1-item-1", "batch_size": "2", "x_1": "1", "x_2": "2", "d": "phone", "_half": 0},
        {"id": "a1-item-2", "batch_size": "2", "x_1": "3", "x_2": "4", "d": "tv", "_half": 0},
        {"id": "a1-item-1", "batch_size": "2", "status": "200", "prediction": "0.1", "_half": 1},
        {"id": "a1-item-2", "batch_size": "2", "_half": 1}]


def test_that_keys_of_the_envelope_win_over_those_of_the_body() -> None:
    rows, _ = cut("kserve-cloudevents", event(REQUEST, {"instances": [{"time": 5, "id": "x", "status": 1, "age": 2}]}))
    assert rows == [{"id": "a1", **ENVELOPE, "batch_size": "1", "input.time": "5", "input.id": "x",
                     "input.status": "1", "age": "2", "_half": 0}]


def test_that_hostile_events_are_rows_ignored_or_set_aside() -> None:
    rows, found = cut(
        "kserve-cloudevents", event(REQUEST, LONG), event(REQUEST, None), event(REQUEST, {"instances": {"a": 1}}),
        event(REQUEST, {"instances": []}), event(REQUEST, [[1, 2]]), event(RESPONSE, {"predictions": None}),
        event(RESPONSE, {"error": "<b>no</b>"}), event("org.kubeflow.serving.inference.feedback", {}),
        event(5, {}), event(REQUEST, {}, event_id=None), {"specversion": "1.0"}, [1], "{", "",
        event(REQUEST, None, data_base64=base64.b64encode(b'{"instances": [{"a": 7}]}').decode()))
    assert dict(found.ignored) == {"an event that is neither request nor response": 2, "blank line": 1}
    assert [(bad.line, bad.reason) for bad in found.bad] == [
        (9, "no id"), (10, "no event with a type"), (11, "no event with a type"), (12, "not valid JSON")]
    assert [{key: row[key] for key in row if key not in ENVELOPE and key not in ("id", "batch_size", "_half")}
            for row in rows] == [
        {"input": LONG}, {}, {"a": "1"}, {}, {"feature_1": "1", "feature_2": "2"}, {"status": "200"},
        {"status": "200", "output.error": "<b>no</b>"}, {"a": "7"}]


def test_that_it_is_told_from_other_lines() -> None:
    lines = [event(REQUEST, {"instances": [1]}), event(RESPONSE, {"predictions": [1]})]
    assert known_as(*lines) == "kserve-cloudevents"
    assert known_as(*lines, '{"specver') == "kserve-cloudevents"
    assert known_as({"specversion": "1.0", "type": "com.github.push", "id": "1", "time": "2026-03-02T10:00:00Z"}) == ""
    assert known_as({"id": "1", "time": "2026-03-02T10:00:00Z", "endpoint": "canary"}) == ""
    assert known_as(*blobs()) == "kserve-blob"


# ------------------------------------------------------------------ blobs

def blob(kind: str, body: Any, *, large: bool = False, **more: Any) -> dict[str, Any]:
    record = {"url": "http://x", "bytes": base64.b64encode(json.dumps(body).encode()).decode(),
              "contentType": "application/json", "reqType": kind, "id": "b1", "sourceUri": "http://y",
              "inferenceService": "ctr", "namespace": "prod", "component": "predictor", "endpoint": "",
              "metadata": {"x-user": ["u1"]}, "occurrenceTime": "2026-03-02T10:00:00.5Z", **more}
    return {name[0].upper() + name[1:]: value for name, value in record.items()} if large else record


def blobs(*, large: bool = False) -> list[dict[str, Any]]:
    return [blob(REQUEST, {"instances": [{"age": 1}]}, large=large),
            blob(RESPONSE, {"predictions": [0.5]}, large=large, occurrenceTime="2026-03-02T10:00:00.75Z")]


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("batched", [False, True])
def test_that_blobs_are_opened_one_a_line_and_as_an_array(batched: bool, large: bool) -> None:
    rows, found = cut("kserve-blob", *([blobs(large=large)] if batched else blobs(large=large)))
    shared = {"id": "b1", "inferenceService": "ctr", "namespace": "prod", "component": "predictor", "url": "http://x",
              "metadata": '{"x-user":["u1"]}', "batch_size": "1"}
    assert rows == [
        {**shared, "occurrenceTime": "2026-03-02T10:00:00.5Z", "age": "1", "_half": 0},
        {**shared, "occurrenceTime": "2026-03-02T10:00:00.75Z", "status": "200", "prediction": "0.5", "_half": 1}]
    assert found.records == 2


def test_that_an_array_keeps_the_order_of_its_batches() -> None:
    rows, _ = cut("kserve-blob", [blob(REQUEST, {"instances": [[n, 0], [n, 1]]}, id=f"b{n}") for n in range(30)])
    assert [(row["id"], row["feature_1"], row["feature_2"]) for row in rows] == [
        (f"b{n}-item-{k + 1}", str(n), str(k)) for n in range(30) for k in range(2)]


@pytest.mark.parametrize("batched", [False, True])
def test_that_a_blob_that_arrives_without_a_newline_is_taken_when_it_rests(tmp_path: Path, batched: bool) -> None:
    write(tmp_path / "logs/a-request.json", [blobs()])
    loaded = Loaded(tmp_path / "logs", tmp_path / "w.pilot", rest_s=0)
    later = [{**each, "id": "late"} for each in blobs()]
    (tmp_path / "logs/late-request.json").write_text(json.dumps(later if batched else later[0]))
    brought = 0
    for _ in range(5):
        brought += loaded.poll()
    assert brought == (2 if batched else 1)
    assert loaded.ask("SELECT count(*) FROM raw WHERE id = 'late'", "kserve-blob") == [(brought,)]
    loaded.close()


def test_that_hostile_blobs_are_rows_or_set_aside() -> None:
    rows, found = cut("kserve-blob", blob(REQUEST, None, bytes="***"), blob(REQUEST, None, bytes=None),
                      blob(REQUEST, None, bytes=[1]), blob("x", {}), blob(REQUEST, {}, id=None), {"a": 1}, [], 5,
                      [blob(REQUEST, {}), 7])
    assert [(bad.line, bad.reason) for bad in found.bad] == [
        (4, "no id"), (5, "no reqType"), (6, "no object with reqType"), (7, "no object with reqType"),
        (8, "no reqType")]
    assert dict(found.ignored) == {"an event that is neither request nor response": 1}
    assert [row.get("input") for row in rows] == ["***", None, None, None]


def test_that_blobs_without_a_time_are_refused_with_the_reason(tmp_path: Path) -> None:
    header = "id,url,bytes,contentType,reqType,inferenceService,namespace,component,endpoint\n"
    (tmp_path / "logs").mkdir()
    write(tmp_path / "logs" / "app.jsonl", [{"ts": "2026-03-02T10:00:00Z", "latency_ms": 5}] * 3)
    (tmp_path / "logs" / "b1-request.csv").write_text(
        header + "".join(f"b{n},http://x,e30=,application/json,{REQUEST},ctr,prod,predictor,\n" for n in range(9)))
    plan = discover(tmp_path / "logs", SilentJob())
    assert [each.name for each in plan.streams] == ["app"]
    assert [each.path for each in plan.refused] == ["b1-request.csv"] and "time" in plan.refused[0].reason


# ------------------------------------------------------------------ whole folders

@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Loaded]:
    lines = [event(kind, {"instances": [{"age": n}]} if kind == REQUEST else {"predictions": [n / 100]},
                   event_id=f"r{n}", time=f"2026-03-02T10:00:{n:02d}.{1 if kind == REQUEST else 3}Z")
             for n in range(30) for kind in (REQUEST, RESPONSE)]
    write(tmp_path / "logs/events.jsonl", lines)
    loaded = Loaded(tmp_path / "logs", tmp_path / "w.pilot")
    yield loaded
    loaded.close()


def test_that_a_torn_line_is_taken_once_it_is_whole(followed: Loaded) -> None:
    line = json.dumps(event(REQUEST, {"instances": [{"age": 5}]}, event_id="late",
                            time="2026-03-02T10:01:00Z")) + "\n"
    log = followed.folder / "events.jsonl"
    followed.poll()
    with log.open("a") as out:
        out.write(line[:150])
    assert followed.poll() == 0
    with log.open("a") as out:
        out.write(line[150:])
    assert followed.poll() == 1
    followed.again()
    assert followed.ask("SELECT count(*), count(DISTINCT id) FROM raw", "kserve-cloudevents") == [(61, 31)]


ROLES = {"request_id": "id", "timestamp": "time", "model": "inferenceservicename", "model_version": "endpoint",
         "latency": "latency_ms", "status": "status", "prediction": "prediction", "feature_length": "seq_len"}


def check(loaded: Loaded, truth: dict[str, Any]) -> None:
    name = "kserve-cloudevents"
    roles = loaded.roles(name)
    assert roles == ROLES and loaded.features(name) == set(FEATURES)
    info = next(each for each in loaded.ws.streams() if each.name == name)
    assert (info.half_of, info.answers) == (name, True)
    errors = sum(each["errors"] for each in truth["by_version"].values())
    assert loaded.report.rows_loaded == 2 * truth["logged_requests"] - errors
    assert loaded.report.rows_quarantined == 0
    by_version = loaded.ws.cursor().execute(
        "SELECT model_version, count(*), sum(failed::INT), count(*) - count(prediction), avg(latency_ms) FROM events "
        "GROUP BY 1").fetchall()
    versions = {"default": "ctr-v1", "canary": "ctr-v2"}
    for endpoint, n, failed, nulls, mean in by_version:
        each = truth["by_version"][versions[endpoint]]
        assert (n, failed, nulls) == (each["rows"], each["errors"], each["null_predictions"])
        if not failed:      # the truth counts the latency of failed requests too, which nobody logged
            assert mean == pytest.approx(each["latency_ms_mean"], abs=1e-3)
    check_features(loaded, name, truth, dict(zip(FEATURES, FEATURES, strict=True)), "_half = 0")
    times = loaded.ask("SELECT strftime(unnest([min(_ts), max(_ts)]), '%Y-%m-%dT%H:%M:%S.%fZ') "
                       "FROM raw WHERE _half = 0", name)
    assert [time for time, in times] == [truth["first"], truth["last"]]


def test_that_the_sample_gives_its_truth(shared_logs: Path, tmp_path: Path) -> None:
    loaded = Loaded(shared_logs / "format-kserve-cloudevents", tmp_path / "w.pilot")
    check(loaded, truth_of(shared_logs, "format-kserve-cloudevents"))
    assert loaded.report.rows_loaded == 1200 + 1188
    loaded.close()


@pytest.mark.parametrize("seed", once(11, 12))
def test_that_made_folders_give_their_truth(shared_logs: Path, tmp_path: Path, seed: int) -> None:
    truth = made(shared_logs, "kserve", tmp_path / "logs", seed)
    loaded = Loaded(tmp_path / "logs", tmp_path / "w.pilot")
    check(loaded, truth)
    loaded.close()
