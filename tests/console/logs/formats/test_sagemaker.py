"""SageMaker Data Capture: bodies in three encodings, the variant in the path, labels that come apart."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.logs import formats
from console.logs.plan import Compression, FileFormat, FilePlan
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

PLACE = "ctr-endpoint/blue/2026/03/02/23/30-06-001-x.jsonl"


def body(data: object, encoding: str = "CSV", kind: str = "text/csv") -> dict[str, Any]:
    return {"observedContentType": kind, "mode": "INPUT", "data": data, "encoding": encoding}


def event(asked: Any, said: Any, *, event_id: str = "e1", inference_id: str | None = "r1",
          **metadata: Any) -> dict[str, Any]:
    ids = {"eventId": event_id, **({"inferenceId": inference_id} if inference_id else {})}
    return {"captureData": {"endpointInput": asked, "endpointOutput": said},
            "eventMetadata": {**ids, "inferenceTime": "2026-03-02T23:30:06Z", **metadata}, "eventVersion": "0"}


ENVELOPE = {"eventId": "e1", "inferenceTime": "2026-03-02T23:30:06Z", "endpoint": "ctr-endpoint", "variant": "blue"}


def test_that_csv_has_its_fields_in_order_and_empty_ones_are_missing() -> None:
    rows, _ = cut("sagemaker", event(body('45.8,,phone,"a, ""b""",007'), body("0.07\n")), path=PLACE)
    assert rows == [{"request_id": "r1", **ENVELOPE, "batch_size": "1", "feature_1": "45.8", "feature_3": "phone",
                     "feature_4": 'a, "b"', "feature_5": "007", "prediction": "0.07"}]


def test_that_json_is_opened_and_a_batch_gives_a_row_for_each_instance() -> None:
    asked = json.dumps({"instances": [{"age": 45.8, "variant": "mine"}, {"age": None}]})
    said = json.dumps({"predictions": [{"score": 0.2, "label": "no"}, None]})
    rows, _ = cut("sagemaker", event(body(asked, "JSON"), body(said, "JSON")), path=PLACE)
    assert rows == [
        {"request_id": "r1-item-1", **ENVELOPE, "batch_size": "2", "age": "45.8", "input.variant": "mine",
         "prediction": "no", "score": "0.2"},
        {"request_id": "r1-item-2", **ENVELOPE, "batch_size": "2"}]


def test_that_lines_of_csv_are_a_batch_however_the_answers_are_written() -> None:
    for said in ("0.1\n0.2", "0.1,0.2"):
        rows, _ = cut("sagemaker", event(body("1,2\n3,4\n"), body(said)), path=PLACE)
        assert [(row["request_id"], row["feature_1"], row["feature_2"], row["prediction"]) for row in rows] == [
            ("r1-item-1", "1", "2", "0.1"), ("r1-item-2", "3", "4", "0.2")]


@pytest.mark.parametrize(("kind", "text", "found"), [
    ("text/csv", "1,x", {"feature_1": "1", "feature_2": "x"}),
    ("application/json", '{"instances": [{"age": 3}]}', {"age": "3"}),
    ("application/x-npy", "\x93NUMPY\x01\xff", {"bytes": "10"}),
])
def test_that_base64_is_opened_when_there_is_text_inside(kind: str, text: str, found: dict[str, str]) -> None:
    raw = text.encode() if text.isascii() else text.encode("latin-1") + b"\x80\xfe"
    asked = body(base64.b64encode(raw).decode(), "BASE64", kind)
    rows, _ = cut("sagemaker", event(asked, body("0.5")), path=PLACE)
    assert rows == [{"request_id": "r1", **ENVELOPE, "batch_size": "1", **found, "prediction": "0.5"}]


def test_that_the_id_of_the_event_serves_where_the_caller_gave_none() -> None:
    rows, _ = cut("sagemaker", event(body("1"), body(""), inference_id=None), path=PLACE)
    assert rows == [{"request_id": "e1", **ENVELOPE, "batch_size": "1", "feature_1": "1"}]      # a null response


@pytest.mark.parametrize(("path", "endpoint", "variant"), [
    (PLACE, "ctr-endpoint", "blue"), ("a/b/" + PLACE, "ctr-endpoint", "blue"),
    ("blue/2026/03/02/23/x.jsonl.gz", None, "blue"), ("2026/03/02/23/x.jsonl", None, None), ("x.jsonl", None, None),
    ("e'; --/<b>/2026/03/02/23/x.jsonl", "e'; --", "<b>")])
def test_that_endpoint_and_variant_stand_in_the_path(path: str, endpoint: str | None, variant: str | None) -> None:
    (row,), _ = cut("sagemaker", event(body("1"), body("2")), path=path)
    assert (row.get("endpoint"), row.get("variant")) == (endpoint, variant)


def test_that_hostile_events_are_rows_or_set_aside() -> None:
    rows, found = cut(
        "sagemaker", event(body(LONG), body(LONG)), event(None, body("1")), event(body("1"), None), event([1], "x"),
        event(body({"a": 1}, "JSON"), body([0.5], "JSON")), event(body(None), body(None)),
        event(body("{broken", "JSON"), body("]", "JSON")), event(body("***", "BASE64"), body("1")),
        {"captureData": []}, {"captureData": None, "eventMetadata": 5}, {"other": 1}, "[1]", '{"captureData": {"endp',
        path=PLACE)
    assert [bad.line for bad in found.bad] == [8, 9, 10, 11, 12]
    assert {bad.reason for bad in found.bad} == {"no captureData with an input or an output", "no captureData in it",
                                                 "not valid JSON"}
    assert rows[1] == {"request_id": "r1", **ENVELOPE, "batch_size": "1", "prediction": "1"}
    assert "prediction" not in rows[2]
    by_shape = [row for row in rows if "a" in row]
    assert by_shape == [{"request_id": "r1", **ENVELOPE, "batch_size": "1", "a": "1", "prediction": "0.5"}]
    assert any(row.get("input") == "{broken" and row["prediction"] == "]" for row in rows)


def test_that_it_is_told_from_other_lines() -> None:
    lines = [event(body("1"), body("2"))] * 3
    assert known_as(*lines) == "sagemaker"
    assert known_as(*lines, '{"captureData": {"endpo') == "sagemaker"
    assert known_as({"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": {"eventId": "r1"}}) == \
        "sagemaker-ground-truth"
    assert known_as({"ts": "2026-03-02T10:00:00Z", "captureDate": {"a": 1}}) == ""
    assert known_as({"ts": "2026-03-02T10:00:00Z", "captureData": "text"}) == ""
    assert known_as("ts,captureData\n2026-03-02T10:00:00Z,{}") == ""


@pytest.mark.parametrize("lines", [
    [event(body("1,x,"), body("0.5"))], [event(body("1"), body("0.5\n")), event(body("1,2,3"), body(""))],
    [event(body('1,"x"'), body("0.5"))], [event(body("1\n2"), body("0.5\n0.6"))], [event(body("1"), body("0.2,0.8"))],
    [event(body('{"a": 1}', "JSON"), body("0.5"))], [event(body(None), body("1"))], [event(body("1"), None)],
    [event(body("1"), body("2"), customAttributes=["x"])], [event(body("1,2"), body("2")), {"captureData": {}}]])
def test_that_counted_fields_are_those_that_cutting_gives(lines: list[Any]) -> None:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    form = formats.named("sagemaker")
    for path in (PLACE, "x.jsonl"):
        counted = form.fields_of(formats.look_at_text(path, text, whole=True))
        cutter = form.cutter(FilePlan(path, FileFormat.JSON_LINES, Compression.NONE, 0, 0, ()))
        cutter.cut(text.encode(), final=True)
        assert set(counted) in (set(), set(cutter.keys)) and len(counted) == len(set(counted))
        plain = lines[0] == event(body("1,x,"), body("0.5")) or "1,2,3" in text
        assert bool(counted) == plain
        cutter.close()


def test_that_labels_come_in_all_encodings() -> None:
    def label(data: Any, encoding: str, event_id: Any = "r1") -> dict[str, Any]:
        return {"groundTruthData": {"data": data, "encoding": encoding}, "eventMetadata": {"eventId": event_id}}

    rows, found = cut("sagemaker-ground-truth", label("1", "CSV"), label('"yes"', "JSON"), label("MQ==", "BASE64"),
                      label("", "CSV"), label(0, "JSON"), label("1", "CSV", None), {"groundTruthData": 5}, {"x": 1})
    assert rows == [{"request_id": "r1", "label": "1"}, {"request_id": "r1", "label": "yes"},
                    {"request_id": "r1", "label": "1"}, {"request_id": "r1"}, {"request_id": "r1", "label": "0"}]
    assert [bad.reason for bad in found.bad] == ["no eventId", "no eventId", "no groundTruthData in it"]


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Loaded]:
    lines = [event(body(f"{n},x"), body(f"0.{n}"), inference_id=f"r{n}", event_id=f"e{n}") for n in range(10, 40)]
    write(tmp_path / "logs" / PLACE, lines)
    loaded = Loaded(tmp_path / "logs", tmp_path / "w.pilot")
    yield loaded
    loaded.close()


def test_that_a_line_torn_in_the_middle_is_taken_when_it_is_whole_and_once(followed: Loaded) -> None:
    followed.poll()
    line = json.dumps(event(body("1,x"), body("0.9"), inference_id="late")) + "\n"
    log = followed.folder / PLACE
    with log.open("a") as out:
        out.write(line[:100])
    assert followed.poll() == 0
    with log.open("a") as out:
        out.write(line[100:])
    assert followed.poll() == 1
    followed.again()
    assert followed.poll() == 0
    assert followed.ask("SELECT count(*), count(DISTINCT request_id) FROM raw", "sagemaker") == [(31, 31)]
    assert followed.ask("SELECT prediction FROM raw WHERE request_id = 'late'", "sagemaker") == [(0.9,)]


def test_that_a_new_file_of_another_variant_is_the_same_stream(followed: Loaded) -> None:
    other = followed.folder / "ctr-endpoint/green/2026/03/03/00/01-00-000-y.jsonl.gz"
    other.parent.mkdir(parents=True)
    other.write_bytes(gzip.compress((json.dumps(event(body("5,y"), body("0.1"), inference_id="g")) + "\n").encode()))
    followed.poll()
    followed.again()
    assert followed.ask("SELECT variant, count(*) FROM raw GROUP BY 1 ORDER BY 1", "sagemaker") == [
        ("blue", 30), ("green", 1)]


ROLES = {"request_id": "request_id", "timestamp": "inferenceTime", "model": "endpoint", "model_version": "variant",
         "prediction": "prediction"}


def check(loaded: Loaded, truth: dict[str, Any]) -> None:
    assert loaded.report.rows_quarantined == 0
    assert loaded.roles("sagemaker") == ROLES
    assert loaded.features("sagemaker") == {f"feature_{n}" for n in range(1, 10)}
    by_version = {version: (n, nulls) for version, n, nulls in loaded.ask(
        "SELECT variant, count(*), count(*) - count(prediction) FROM raw GROUP BY 1", "sagemaker")}
    assert by_version == {version: (each["rows"], each["null_predictions"])
                          for version, each in truth["by_version"].items()}
    times = loaded.ask("SELECT strftime(unnest([min(_ts), max(_ts)]), '%Y-%m-%dT%H:%M:%S') FROM raw", "sagemaker")
    assert [time for time, in times] == [truth["first"][:19], truth["last"][:19]]          # whole seconds
    check_features(loaded, "sagemaker", truth, {name: f"feature_{n}" for n, name in enumerate(FEATURES, 1)})
    labels = loaded.ask("SELECT count(*), sum(label) FROM raw", "sagemaker-ground-truth")
    assert labels == [(sum(each["labelled"] for each in truth["by_version"].values()),
                       sum(each["clicks"] for each in truth["by_version"].values()))]
    joined = loaded.ws.cursor().execute("SELECT count(*) FROM outcomes o JOIN events e USING (request_id)").fetchall()
    assert joined == [(labels[0][0],)]


def test_that_the_sample_gives_its_truth(shared_logs: Path, tmp_path: Path) -> None:
    loaded = Loaded(shared_logs / "format-sagemaker", tmp_path / "w.pilot")
    check(loaded, truth_of(shared_logs, "format-sagemaker"))
    loaded.close()


@pytest.mark.parametrize("seed", once(11, 12))
def test_that_made_folders_give_their_truth(shared_logs: Path, tmp_path: Path, seed: int) -> None:
    truth = made(shared_logs, "sagemaker", tmp_path / "logs", seed, rows=600)
    loaded = Loaded(tmp_path / "logs", tmp_path / "w.pilot")
    check(loaded, truth)
    loaded.close()
