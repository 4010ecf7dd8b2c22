"""LiteLLM's log: durations between its times, tokens, what came back, and what callers say of themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.console.logs.formats.payloads import LONG, Loaded, cut, known_as, made, truth_of, write
from tests.tiers import once


def call(**more: Any) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "trace_id": "t1", "call_type": "acompletion", "stream": True, "status": "success",
            "prompt_tokens": 12, "completion_tokens": 7, "total_tokens": 19, "response_cost": 0.0025,
            "startTime": 1772445600.5, "endTime": 1772445602.75, "completionStartTime": 1772445600.75,
            "response_time": 2.25, "model": "small-2", "model_group": "assist", "end_user": "u1",
            "metadata": {"user_api_key_alias": "web", "requester_metadata": {"device": "tv", "n": 3}},
            "messages": [{"role": "user", "content": "hi"}],
            "response": {"choices": [{"finish_reason": "stop", "message": {"content": "yes"}}]}, **more}


def one(**more: Any) -> dict[str, Any]:
    (row,), _ = cut("litellm", call(**more))
    return row


def test_that_a_call_has_its_fields_and_the_durations_between_its_times() -> None:
    given = {key: str(value) for key, value in call().items() if isinstance(value, int | float | str)}
    assert one() == {
        **given, "stream": "true", "startTime": "1772445600.5",
        "messages": '[{"role":"user","content":"hi"}]',
        "metadata": '{"user_api_key_alias":"web","requester_metadata":{"device":"tv","n":3}}',
        "response": '{"choices":[{"finish_reason":"stop","message":{"content":"yes"}}]}',
        "latency_ms": "2250.0", "time_to_first_token_ms": "250.0", "finish_reason": "stop", "prediction": "text",
        "requester.device": "tv", "requester.n": "3"}


@pytest.mark.parametrize(("response", "expected"), [
    ({"choices": [{"finish_reason": "length", "message": {"content": ""}}]}, (None, "length")),
    ({"choices": [{"finish_reason": "tool_calls", "message": {"content": None, "tool_calls": [{"id": "x"}]}}]},
     ("tool calls", "tool_calls")),
    ({"choices": [{"finish_reason": "stop", "text": "old"}]}, ("text", "stop")),
    ({"data": [{"embedding": [0.1]}]}, ("data", None)), ("plain text", ("text", None)), ("", (None, None)),
    (None, (None, None)), ([], (None, None)), ({"choices": {}}, (None, None)), (LONG, ("text", None)),
])
def test_that_what_came_back_is_named(response: Any, expected: tuple[str | None, str | None]) -> None:
    row = one(response=response)
    assert (row.get("prediction"), row.get("finish_reason")) == expected


@pytest.mark.parametrize(("start", "end", "latency"), [
    (1.5, 1.5, "0.0"), (2.0, 1.0, None), (None, 1.0, None), ("1772445600.5", "1772445601.5", "1000.0"),
    ("soon", 5, None), ([1], {}, None), (0, 1772445600, None)])
def test_that_a_duration_is_there_only_when_both_times_are(start: Any, end: Any, latency: str | None) -> None:
    assert one(startTime=start, endTime=end).get("latency_ms") == latency


def test_that_fields_of_the_line_are_never_written_over() -> None:
    row = one(latency_ms=9, prediction="own", finish_reason="own", **{"requester.device": "own"})
    assert (row["latency_ms"], row["prediction"], row["finish_reason"], row["requester.device"]) == (
        "9", "own", "own", "own")


def test_that_hostile_lines_are_rows_or_set_aside() -> None:
    rows, found = cut("litellm", call(metadata=None), call(metadata={"requester_metadata": [1]}),
                      call(metadata={"requester_metadata": {"a\"b/~": LONG}}), [1], 5, "{", {},
                      '{"id": 1, "id": 2}')
    assert [(bad.line, bad.reason) for bad in found.bad] == [
        (3, "no JSON object"), (4, "no JSON object"), (5, "not valid JSON"), (7, "the same key twice")]
    assert rows[2]["requester.a\"b/~"] == LONG and len(rows) == 4


def test_that_it_is_told_from_other_lines() -> None:
    assert known_as(call(), call()) == "litellm"
    assert known_as({"ts": "2026-03-02T10:00:00Z", "prompt_tokens": 5, "latency_ms": 3}) == ""
    assert known_as('ts,startTime,endTime,prompt_tokens\n2026-03-02T10:00:00Z,1,2,3') == ""


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Loaded]:
    write(tmp_path / "logs/calls.jsonl", [call(id=f"c{n}", startTime=1772445600.5 + n, endTime=1772445601.5 + n,
                                               completionStartTime=1772445600.75 + n) for n in range(30)])
    loaded = Loaded(tmp_path / "logs", tmp_path / "w.pilot")
    yield loaded
    loaded.close()


def test_that_a_torn_line_is_taken_once_it_is_whole(followed: Loaded) -> None:
    followed.poll()
    line = json.dumps(call(id="late", status="failure", response=None)) + "\n"
    log = followed.folder / "calls.jsonl"
    with log.open("a") as out:
        out.write(line[:120])
    assert followed.poll() == 0
    with log.open("a") as out:
        out.write(line[120:])
    assert followed.poll() == 1
    followed.again()
    assert followed.ask("SELECT count(*), count(DISTINCT id), count(prediction), "
                        "avg(time_to_first_token_ms) FROM raw", "litellm") == [(31, 31, 30, 250.0)]


ROLES = {"request_id": "id", "timestamp": "startTime", "latency": "latency_ms", "status": "status",
         "time_to_first_token": "time_to_first_token_ms", "input_tokens": "prompt_tokens",
         "output_tokens": "completion_tokens", "user_id": "end_user", "model": "model_group", "model_version": "model",
         "prediction": "prediction"}


def check(loaded: Loaded, truth: dict[str, Any], log: Path) -> None:
    assert loaded.roles("litellm") == ROLES
    assert loaded.features("litellm") >= {"requester.device", "requester.country"}
    assert not loaded.features("litellm") & {"response_time", "total_tokens", "endTime", "completionStartTime"}
    by_version = loaded.ask("SELECT model, count(*), sum((status <> 'success')::INT), "
                            "count(*) - count(prediction) FROM raw GROUP BY 1", "litellm")
    names = {"assist-small": "ctr-v1", "assist-small-next": "ctr-v2"}
    assert {names[model]: (n, failed, nulls) for model, n, failed, nulls in by_version} == {
        version: (each["rows"], each["errors"], each["null_predictions"])
        for version, each in truth["by_version"].items()}
    (row,) = loaded.ask("SELECT avg(prompt_tokens) / 12, strftime(min(_ts), '%Y-%m-%dT%H:%M:%S.%fZ') FROM raw",
                        "litellm")
    assert row == (pytest.approx(truth["feature_means"]["seq_len"], abs=2e-6), truth["first"])
    calls = [json.loads(line) for line in log.read_text().splitlines()]
    (mean,) = loaded.ask("SELECT avg(latency_ms), avg(time_to_first_token_ms) FROM raw", "litellm")
    assert mean == (pytest.approx(sum(each["response_time"] for each in calls) / len(calls) * 1000, rel=1e-5),
                    pytest.approx(sum(each["completionStartTime"] - each["startTime"] for each in calls) / len(calls)
                                  * 1000, rel=1e-5))


def test_that_the_sample_gives_its_truth(shared_logs: Path, tmp_path: Path) -> None:
    folder = shared_logs / "format-litellm"
    loaded = Loaded(folder, tmp_path / "w.pilot")
    check(loaded, truth_of(shared_logs, "format-litellm"), folder / "litellm-requests.jsonl")
    loaded.close()


@pytest.mark.parametrize("seed", once(11, 12))
def test_that_made_folders_give_their_truth(shared_logs: Path, tmp_path: Path, seed: int) -> None:
    truth = made(shared_logs, "litellm", tmp_path / "logs", seed)
    loaded = Loaded(tmp_path / "logs", tmp_path / "w.pilot")
    check(loaded, truth, tmp_path / "logs/litellm-requests.jsonl")
    loaded.close()
