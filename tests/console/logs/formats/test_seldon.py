"""Seldon Core's documents: inside the envelope of Elasticsearch and without it, elements and instances."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.console.logs.formats.payloads import LONG, Loaded, cut, known_as, write


def part(at: str = "10:00:00.500", **more: Any) -> dict[str, Any]:
    return {"ce-time": f"2026-03-02T{at}Z", "dataType": "tabular", **more}


def document(request: Any, response: Any, *, document_id: str = "q1", **more: Any) -> dict[str, Any]:
    return {"ServingEngine": "seldon", "Ce-Inferenceservicename": "ctr", "Ce-Endpoint": "default",
            "Ce-Namespace": "prod", "Ce-Modelid": "classifier", "@timestamp": "2026-03-02T10:00:09Z",
            "RequestId": document_id.partition("-item-")[0], "request": request, "response": response, **more}


def wrapped(request: Any, response: Any, *, document_id: str = "q1", **more: Any) -> dict[str, Any]:
    return {"_index": "inference-log-seldon-prod-ctr-default", "_type": "inferencerequest", "_id": document_id,
            "_source": document(request, response, document_id=document_id, **more)}


ENVELOPE = {"time": "2026-03-02T10:00:00.500Z", "@timestamp": "2026-03-02T10:00:09Z", "ServingEngine": "seldon",
            "Ce-Inferenceservicename": "ctr", "Ce-Endpoint": "default", "Ce-Namespace": "prod",
            "Ce-Modelid": "classifier", "batch_size": "1"}


@pytest.mark.parametrize("envelope", [document, wrapped])
def test_that_elements_are_features_and_the_times_give_the_latency(envelope: Any) -> None:
    asked = part(elements={"age": [45.5], "device": "tv", "Ce-Endpoint": [1]}, instance=[45.5, "tv"])
    said = part("10:00:00.51825", elements={"t:0": [0.25]}, instance=[0.25])
    rows, _ = cut("seldon", envelope(asked, said, document_id="q1"), envelope(asked, said, document_id="q1-item-3"))
    features = {"age": "45.5", "device": "tv", "input.Ce-Endpoint": "1"}
    assert rows == [{"RequestId": "q1", **ENVELOPE, "latency_ms": "18.25", **features, "prediction": "0.25"},
                    {"RequestId": "q1-item-3" if envelope is wrapped else "q1", **ENVELOPE, "latency_ms": "18.25",
                     **features, "prediction": "0.25"}]


@pytest.mark.parametrize(("asked", "expected"), [
    ({"instance": [1, 2], "names": ["a", "b"]}, {"a": "1", "b": "2"}),
    ({"instance": [[1, 2]], "names": ["a", "b"]}, {"a": "1", "b": "2"}),
    ({"instance": [1, 2], "names": ["a"]}, {"feature_1": "1", "feature_2": "2"}),
    ({"instance": [1, 2]}, {"feature_1": "1", "feature_2": "2"}),
    ({"instance": "words"}, {"input": "words"}), ({"instance": 5}, {"input": "5"}),
    ({"payload": {"data": {"names": ["a"], "ndarray": [[7]]}}}, {"a": "7"}),
    ({"payload": {"instances": [[7]]}}, {"feature_1": "7"}),
    ({"elements": {}, "instance": None}, {}), ({}, {}),
])
def test_that_requests_of_every_form_are_opened(asked: dict[str, Any], expected: dict[str, str]) -> None:
    (row,), _ = cut("seldon", document(part(**asked), part("10:00:01", instance=[0.5])))
    assert row == {"RequestId": "q1", **ENVELOPE, "latency_ms": "500.0", **expected, "prediction": "0.5"}


@pytest.mark.parametrize(("asked", "said", "latency"), [
    ("10:00:00", "10:00:00", "0.0"), ("10:00:01", "10:00:00", None), ("10:00:00", "25:99", None)])
def test_that_a_latency_needs_both_times_in_their_order(asked: str, said: str, latency: str | None) -> None:
    (row,), _ = cut("seldon", document(part(asked, instance=[1]), part(said, instance=[1])))
    assert row.get("latency_ms") == latency


def test_that_a_request_without_response_is_a_row() -> None:
    (row,), _ = cut("seldon", document(part(instance=[1]), None))
    assert row == {"RequestId": "q1", **ENVELOPE, "feature_1": "1"}


def test_that_hostile_documents_are_rows_or_set_aside() -> None:
    rows, found = cut("seldon", document(5, "x"), document([], {}), document(part(elements=LONG), part()),
                      document(part(instance=LONG), part(instance={"label": LONG})), [1], "{", {"_source": 5},
                      document(part(elements={"a": [1, 2], "b": [], "c": {"d": 1}}), part(instance=[[0.1, 0.9]])))
    assert {bad.reason for bad in found.bad} == {"neither request nor response", "no document", "not valid JSON"}
    assert [bad.line for bad in found.bad] == [0, 1, 2, 4, 5, 6]
    assert rows[0] == {"RequestId": "q1", **ENVELOPE, "latency_ms": "0.0", "input": LONG, "prediction": LONG}
    assert rows[1] == {"RequestId": "q1", **ENVELOPE, "latency_ms": "0.0", "a": "[1,2]", "b": "[]", "c.d": "1",
                       "prediction": "1", "score": "0.9", "output.values": "[0.1,0.9]"}


def test_that_it_is_told_from_other_lines() -> None:
    asked, said = part(instance=[1]), part(instance=[2])
    assert known_as(document(asked, said)) == known_as(wrapped(asked, said)) == "seldon"
    assert known_as({"_index": "logs", "_source": {"@timestamp": "2026-03-02T10:00:00Z", "message": "hi"}}) == ""
    assert known_as({"@timestamp": "2026-03-02T10:00:00Z", "request": {}, "response": {}}) == ""


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Loaded]:
    write(tmp_path / "logs/dump.json", [
        wrapped(part(f"10:00:{n:02d}.0", elements={"age": [n]}), part(f"10:00:{n:02d}.25", instance=[n / 100]),
                document_id=f"q{n}", **{"Ce-Endpoint": "canary" if n % 3 == 0 else "default"}) for n in range(30)])
    loaded = Loaded(tmp_path / "logs", tmp_path / "w.pilot")
    yield loaded
    loaded.close()


def test_that_a_dump_is_loaded_and_followed(followed: Loaded) -> None:
    assert followed.roles("seldon") == {
        "request_id": "RequestId", "timestamp": "time", "latency": "latency_ms", "model": "Ce-Inferenceservicename",
        "model_version": "Ce-Endpoint", "prediction": "prediction"}
    assert followed.features("seldon") == {"age"}
    followed.poll()
    line = json.dumps(wrapped(part(elements={"age": [100]}), part("10:00:01", instance=[1]), document_id="late")) + "\n"
    log = followed.folder / "dump.json"
    with log.open("a") as out:
        out.write(line[:90])
    assert followed.poll() == 0
    with log.open("a") as out:
        out.write(line[90:])
    assert followed.poll() == 1
    packed = json.dumps(wrapped(part(elements={"age": [200]}), part("10:00:01", instance=[1]), document_id="p")) + "\n"
    (followed.folder / "more.json.gz").write_bytes(gzip.compress(packed.encode()))
    followed.again()
    assert followed.ask('SELECT count(*), sum(age), sum(prediction), avg(latency_ms), '
                        'sum(("Ce-Endpoint" = \'canary\')::INT) FROM raw', "seldon") == [
        (32, 435 + 300, pytest.approx(6.35), pytest.approx((30 * 250 + 1000) / 32), 10)]
