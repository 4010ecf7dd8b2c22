"""What each column of a log is taken for: one row a column, written from formats.md and from the makers' own words."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.jobs import SilentJob
from console.logs import roles
from console.logs.cells import look_at
from console.logs.discover import discover
from console.logs.plan import ColumnPlan, FolderPlan, StreamPlan, TimeFormat
from console.logs.roles import guess, matches
from console.roles import ColumnType, Role, StreamKind

N, X, T, F = ColumnType.NUMBER, ColumnType.TEXT, ColumnType.TIME, ColumnType.FLAG


@cache
def planned(folder: Path) -> FolderPlan:
    return discover(folder, SilentJob())


def stream(folder: Path, name: str) -> StreamPlan:
    return next(each for each in planned(folder).streams if each.name == name)


def column(folder: Path, stream_name: str, name: str) -> ColumnPlan:
    return next(each for each in stream(folder, stream_name).columns if each.name == name)


SERVED = [  # stream, default name, alternative name, type, role, unit, alternative unit
    ("predictions", "ts", "event_time_ms", T, Role.TIMESTAMP, "", ""),
    ("predictions", "request_id", "trace_id", X, Role.REQUEST_ID, "", ""),
    ("predictions", "user_id", "visitor", X, Role.USER_ID, "", ""),
    ("predictions", "model_version", "variant", X, Role.MODEL_VERSION, "", ""),
    ("predictions", "host", "pod", X, Role.HOST, "", ""),
    ("predictions", "status_code", "http_status", N, Role.STATUS, "", ""),
    ("predictions", "latency_ms", "duration_s", N, Role.LATENCY, "ms", "s"),
    ("predictions", "age", "age", N, Role.FEATURE, "", ""),
    ("predictions", "price", "price", N, Role.FEATURE, "", ""),
    ("predictions", "days_since_last", "days_since_last", N, Role.FEATURE, "", ""),
    ("predictions", "session_depth", "session_depth", N, Role.FEATURE, "", ""),
    ("predictions", "user_ctr_7d", "user_ctr_7d", N, Role.FEATURE, "", ""),
    ("predictions", "device", "device", X, Role.FEATURE, "", ""),
    ("predictions", "country", "country", X, Role.FEATURE, "", ""),
    ("predictions", "category", "category", X, Role.FEATURE, "", ""),
    ("predictions", "seq_len", "n_tokens", N, Role.FEATURE_LENGTH, "", ""),
    ("predictions", "cpu_pct", "cpu_utilization", N, Role.CPU, "%", "%"),
    ("predictions", "mem_mb", "memory_used_mb", N, Role.MEMORY, "MB", "MB"),
    ("predictions", "load1", "load_avg_1m", N, Role.LOAD, "", ""),
    ("labels", "request_id", "trace_id", X, Role.REQUEST_ID, "", ""),
    ("labels", "label_ts", "outcome_time_ms", T, Role.OUTCOME_TIME, "", ""),
    ("reference", "ts", "event_time_ms", T, Role.TIMESTAMP, "", ""),
    ("reference", "label_ts", "outcome_time_ms", T, Role.OUTCOME_TIME, "", ""),
    ("reference", "age", "age", N, Role.FEATURE, "", ""),
    ("reference", "latency_ms", "duration_s", N, Role.LATENCY, "ms", "s"),
    ("reference", "model_version", "variant", X, Role.MODEL_VERSION, "", ""),
    ("system", "ts", "event_time_ms", T, Role.TIMESTAMP, "", ""),
    ("system", "host", "pod", X, Role.HOST, "", ""),
    ("system", "cpu_pct", "cpu_utilization", N, Role.CPU, "%", "%"),
    ("system", "mem_mb", "memory_used_mb", N, Role.MEMORY, "MB", "MB"),
    ("system", "load1", "load_avg_1m", N, Role.LOAD, "", ""),
]
ONLY_DEFAULT = [
    ("predictions", "prediction", N, Role.PREDICTION), ("labels", "clicked", N, Role.CLICKED),
    ("reference", "clicked", N, Role.CLICKED), ("reference", "prediction", N, Role.PREDICTION),
]
ONLY_ALT = [
    ("predictions", "score", N, Role.SCORE), ("labels", "outcome", N, Role.LABEL),
    ("reference", "outcome", N, Role.LABEL), ("reference", "score", N, Role.SCORE),
]


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl"])
@pytest.mark.parametrize(("stream_name", "name", "kind", "role", "unit"),
                         [(s, a, t, r, u) for s, a, _, t, r, u, _ in SERVED] + [(*row, "") for row in ONLY_DEFAULT])
def test_that_columns_of_a_served_model_are_known(log_folder: Callable[..., Path], format: str, stream_name: str,
                                                  name: str, kind: ColumnType, role: Role, unit: str) -> None:
    found = column(log_folder("healthy", format, system=True), stream_name, name)
    assert (found.type, found.role, found.unit) == (kind, role, unit)
    assert found.why and found.samples


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl"])
@pytest.mark.parametrize(("stream_name", "name", "kind", "role", "unit"),
                         [(s, b, t, r, u) for s, _, b, t, r, _, u in SERVED] + [(*row, "") for row in ONLY_ALT])
def test_that_the_names_of_another_team_are_known_too(log_folder: Callable[..., Path], format: str, stream_name: str,
                                                      name: str, kind: ColumnType, role: Role, unit: str) -> None:
    found = column(log_folder("healthy", format, names="alt", system=True), stream_name, name)
    assert (found.type, found.role, found.unit) == (kind, role, unit)


def test_that_epoch_milliseconds_are_told_from_their_size(alt_names_csv: Path) -> None:
    assert column(alt_names_csv, "predictions", "event_time_ms").time_format is TimeFormat.EPOCH_MS


def test_that_kinds_of_streams_are_told(healthy_parquet: Path) -> None:
    kinds = {each.name: each.kind for each in planned(healthy_parquet).streams}
    assert kinds == {"predictions": StreamKind.REQUESTS, "labels": StreamKind.OUTCOMES,
                     "system": StreamKind.SAMPLES, "reference": StreamKind.REFERENCE}


def test_that_free_text_is_no_category(log_folder: Callable[..., Path]) -> None:
    assert column(log_folder("healthy", "csv", with_text=True), "predictions", "query").role is None


def test_that_labels_inline_stay_with_their_requests(log_folder: Callable[..., Path]) -> None:
    plan = planned(log_folder("healthy", "csv", flat=True))
    assert [each.kind for each in plan.streams] == [StreamKind.REQUESTS]
    roles = {each.name: each.role for each in plan.streams[0].columns}
    assert (roles["clicked"], roles["label_ts"], roles["ts"]) == (Role.CLICKED, Role.OUTCOME_TIME, Role.TIMESTAMP)


REAL = [  # folder, stream, column, type, role, unit
    ("open-bandit-all", "open-bandit-all", "", N, Role.IGNORED, ""),
    ("open-bandit-all", "open-bandit-all", "timestamp", T, Role.TIMESTAMP, ""),
    ("open-bandit-all", "open-bandit-all", "item_id", X, Role.PREDICTION, ""),
    ("open-bandit-all", "open-bandit-all", "position", N, Role.FEATURE, ""),
    ("open-bandit-all", "open-bandit-all", "click", N, Role.CLICKED, ""),
    ("open-bandit-all", "open-bandit-all", "propensity_score", N, Role.ARM_PROBABILITY, ""),
    ("open-bandit-all", "open-bandit-all", "user_feature_0", X, Role.FEATURE, ""),
    ("open-bandit-all", "open-bandit-all", "user-item_affinity_0", N, Role.FEATURE, ""),
    ("open-bandit-all", "open-bandit-all", "policy", X, Role.MODEL_VERSION, ""),
    ("flights-winter", "flights", "time_hour", T, Role.TIMESTAMP, ""),
    ("flights-winter", "flights", "dep_time", N, Role.FEATURE, ""),
    ("flights-winter", "flights", "dep_delay", N, Role.FEATURE, ""),
    ("flights-winter", "flights", "arr_delay", N, Role.FEATURE, ""),
    ("flights-winter", "flights", "air_time", N, Role.FEATURE, ""),
    ("flights-winter", "flights", "distance", N, Role.FEATURE, ""),
    ("flights-winter", "flights", "carrier", X, Role.FEATURE, ""),
    ("flights-winter", "flights", "origin", X, Role.FEATURE, ""),
    ("flights-winter", "flights", "dest", X, Role.FEATURE, ""),
    ("flights-winter", "flights", "tailnum", X, None, ""),
    ("flights-winter", "flights", "year", N, None, ""),
    ("nannyml-car-loan", "analysis", "id", X, Role.REQUEST_ID, ""),
    ("nannyml-car-loan", "analysis", "timestamp", T, Role.TIMESTAMP, ""),
    ("nannyml-car-loan", "analysis", "y_pred", N, Role.PREDICTION, ""),
    ("nannyml-car-loan", "analysis", "y_pred_proba", N, Role.SCORE, ""),
    ("nannyml-car-loan", "analysis", "loan_length", N, Role.FEATURE, ""),
    ("nannyml-car-loan", "analysis", "repaid_loan_on_prev_car", F, Role.FEATURE, ""),
    ("nannyml-car-loan", "analysis", "salary_range", X, Role.FEATURE, ""),
    ("nannyml-car-loan", "targets", "id", X, Role.REQUEST_ID, ""),
    ("nannyml-car-loan", "targets", "repaid", N, Role.LABEL, ""),
    ("nannyml-car-loan", "reference", "repaid", N, Role.LABEL, ""),
    ("nannyml-car-loan", "reference", "y_pred", N, Role.PREDICTION, ""),
    ("azure-llm-code", "AzureLLMInferenceTrace_code", "TIMESTAMP", T, Role.TIMESTAMP, ""),
    ("azure-llm-code", "AzureLLMInferenceTrace_code", "ContextTokens", N, Role.INPUT_TOKENS, "tokens"),
    ("azure-llm-code", "AzureLLMInferenceTrace_code", "GeneratedTokens", N, Role.OUTPUT_TOKENS, "tokens"),
    ("nab-cloudwatch", "nab-cloudwatch", "timestamp", T, Role.TIMESTAMP, ""),
    ("nab-cloudwatch", "nab-cloudwatch", "value", N, Role.METRIC_VALUE, ""),
    ("nab-cloudwatch", "nab-cloudwatch", "metric", X, Role.METRIC_NAME, ""),
    ("format-nginx-json", "nginx-json", "msec", T, Role.TIMESTAMP, ""),
    ("format-nginx-json", "nginx-json", "request_time", N, Role.LATENCY, "s"),
    ("format-nginx-json", "nginx-json", "status", N, Role.STATUS, ""),
    ("format-nginx-json", "nginx-json", "request_id", X, Role.REQUEST_ID, ""),
    ("format-nginx-json", "nginx-json", "remote_addr", X, None, ""),
    ("format-databricks", "databricks", "timestamp_ms", T, Role.TIMESTAMP, ""),
    ("format-databricks", "databricks", "request_id", X, Role.REQUEST_ID, ""),
    ("format-databricks", "databricks", "client_request_id", X, None, ""),
    ("format-databricks", "databricks", "execution_time_ms", N, Role.LATENCY, "ms"),
    ("format-databricks", "databricks", "sampling_fraction", N, Role.SAMPLING_FRACTION, ""),
    ("format-databricks", "databricks", "age", N, Role.FEATURE, ""),
    ("format-databricks", "databricks", "date", X, None, ""),
    ("format-sagemaker", "sagemaker", "inferenceTime", T, Role.TIMESTAMP, ""),
    ("format-sagemaker", "sagemaker", "variant", X, Role.MODEL_VERSION, ""),
    ("format-sagemaker", "sagemaker", "feature_6", X, Role.FEATURE, ""),
    ("format-sagemaker", "sagemaker-ground-truth", "label", N, Role.LABEL, ""),
    ("format-kserve-cloudevents", "kserve-cloudevents", "endpoint", X, Role.MODEL_VERSION, ""),
    ("format-kserve-cloudevents", "kserve-cloudevents", "latency_ms", N, Role.LATENCY, "ms"),
    ("format-kserve-cloudevents", "kserve-cloudevents", "status", X, Role.STATUS, ""),
    ("format-litellm", "litellm", "startTime", T, Role.TIMESTAMP, ""),
    ("format-litellm", "litellm", "latency_ms", N, Role.LATENCY, "ms"),
    ("format-litellm", "litellm", "response_time", N, None, ""),
    ("format-litellm", "litellm", "time_to_first_token_ms", N, Role.TIME_TO_FIRST_TOKEN, "ms"),
    ("format-litellm", "litellm", "status", X, Role.STATUS, ""),
    ("format-litellm", "litellm", "prompt_tokens", N, Role.INPUT_TOKENS, "tokens"),
    ("format-litellm", "litellm", "completion_tokens", N, Role.OUTPUT_TOKENS, "tokens"),
    ("format-litellm", "litellm", "model", X, Role.MODEL_VERSION, ""),
    ("format-litellm", "litellm", "model_group", X, Role.MODEL, ""),
    ("format-litellm", "litellm", "messages", X, None, ""),
    ("format-vertex", "vertex", "logging_time", T, Role.TIMESTAMP, ""),
    ("format-vertex", "vertex", "deployed_model_id", X, Role.MODEL_VERSION, ""),
    ("format-vertex", "vertex", "score", N, Role.SCORE, ""),
    ("format-vertex", "vertex", "country", X, Role.FEATURE, ""),
    ("format-bentoml", "bentoml-monitor", "click_probability", N, Role.SCORE, ""),
    ("format-bentoml", "bentoml-monitor", "query_len", N, Role.FEATURE_LENGTH, ""),
    ("format-bentoml", "bentoml-monitor", "trace", X, Role.REQUEST_ID, ""),
    ("format-litserve", "metrics", "key", X, Role.METRIC_NAME, ""),
    ("format-litserve", "metrics", "value", N, Role.METRIC_VALUE, ""),
]


@pytest.mark.parametrize(("folder", "stream_name", "name", "kind", "role", "unit"), REAL)
def test_that_columns_of_real_logs_are_known(shared_logs: Path, folder: str, stream_name: str, name: str,
                                             kind: ColumnType, role: Role | None, unit: str) -> None:
    found = column(shared_logs / folder, stream_name, name)
    assert (found.type, found.role, found.unit) == (kind, role, unit)


@pytest.mark.parametrize("folder", ["flights-winter", "azure-llm-code"])
def test_that_no_version_status_or_label_is_invented(shared_logs: Path, folder: str) -> None:
    invented = {Role.MODEL_VERSION, Role.STATUS, Role.LABEL, Role.CLICKED, Role.LATENCY}
    assert not [each for each in planned(shared_logs / folder).streams[0].columns if each.role in invented]


def test_that_outcomes_say_how_many_of_their_ids_are_requests(shared_logs: Path) -> None:
    assert "400 of 400" in stream(shared_logs / "nannyml-car-loan", "targets").why


ALONE = [  # name, values, role, unit: a name alone gives no role
    ("request_time", ["0.018", "0.022", "0.41"], Role.LATENCY, "s"),
    ("request_time", ["2026-03-02T10:00:00Z"] * 3, Role.TIMESTAMP, ""),
    ("took_us", ["18000", "22000"], Role.LATENCY, "us"),
    ("latency", ["0.018", "0.5"], Role.LATENCY, "s"),
    ("latency", ["18.2", "500"], Role.LATENCY, "ms"),
    ("elapsed_ns", ["18200000", "5000000"], Role.LATENCY, "ns"),
    ("state", ["NY", "CA", "TX"], None, ""),
    ("state", ["success", "failed", "success"], Role.STATUS, ""),
    ("status", ["200", "503"], Role.STATUS, ""),
    ("load_type", ["heavy", "light"], None, ""),
    ("membership_days", ["3", "4"], None, ""),
    ("rss_bytes", ["180000000", "190000000"], Role.MEMORY, "B"),
    ("memory", ["180000000", "190000000"], Role.MEMORY, "B"),
    ("cpu", ["0.31", "0.9"], Role.CPU, "share"),
    ("propensity_score", ["3.5", "0.1"], None, ""),
    ("endpoint", ["/predict", "/health"], None, ""),
    ("endpoint", ["default", "canary"], Role.MODEL_VERSION, ""),
    ("actual_label", ["1", "0"], Role.LABEL, ""),
    ("churned", ["true", "false"], Role.CHURNED, ""),
    ("ttft_ms", ["120.5", "90"], Role.TIME_TO_FIRST_TOKEN, "ms"),
]


@pytest.mark.parametrize(("name", "values", "role", "unit"), ALONE)
def test_that_values_decide_where_a_name_could_mean_two_things(name: str, values: list[str], role: Role | None,
                                                               unit: str) -> None:
    found = guess([look_at(name, values)])[0]
    assert (found.role if found else None, found.unit if found else "") == (role, unit)


@pytest.mark.parametrize(("pattern", "name", "expected"), [
    ("request_id", "requestId", True), ("request_id", "Request-ID", True), ("request_id", "REQUESTID", True),
    ("request_id", "parent_request_id", False), ("*_len", "seq_len", True), ("*_len", "silen", False),
    ("latency_*", "latency_p50", True), ("latency_*", "latency", False), ("@timestamp", "@timestamp", True),
])
def test_that_names_are_compared_word_by_word(pattern: str, name: str, expected: bool) -> None:
    assert matches(pattern, name) is expected


def test_that_a_role_is_given_once() -> None:
    facts = [look_at("timestamp", ["2026-03-02T10:00:00Z"]), look_at("ts", ["2026-03-02T10:00:00Z"]),
             look_at("score", ["0.5"]), look_at("p_click", ["0.5"])]
    given = [each.role for each in guess(facts) if each]
    assert sorted(given) == sorted({Role.TIMESTAMP, Role.SCORE})


CELLS = [
    (["1", "0", "1"], N), (["true", "False"], F), (["yes", "no"], X), (["007", "013"], X),
    (["9007199254740993", "1"], X), (["1.5", "NA", "", "nan", "2"], N), (["a", "1"], X), ([1, 2.5, None], N),
    ([True, False], F), (["2026-03-02", "2026-03-03"], T), (["2026-03-02 00:00:23.364815 UTC"], T),
    (["05/20/1987"], T), (["05/06/1987"], X), ([["a"], ["b"]], X), ([], X), (["-", "?"], X), (["1e-3", "-inf"], N),
]


@pytest.mark.parametrize(("values", "kind"), CELLS)
def test_that_a_type_is_told_from_values(values: list[object], kind: ColumnType) -> None:
    assert look_at("x", values).type is kind


def test_that_one_bad_cell_in_twenty_does_not_make_a_number_column_text() -> None:
    assert look_at("age", ["31"] * 19 + ["thirty"]).type is N


@given(st.one_of(st.sampled_from(sorted(roles.PATTERNS)), st.text(max_size=20)),
       st.sampled_from(["{}", "my_{}", "{}_p99", "{}2", "{}X", " {} ", "@{}", "_{}_", "A{}"]), st.booleans())
def test_that_patterns_looked_up_are_those_that_match(word: str, around: str, upper: bool) -> None:
    name = around.format(word.strip("*_"))
    name = name.upper() if upper else name
    assert roles.patterns_of(name) == {pattern for pattern in roles.PATTERNS if roles.matches(pattern, name)}
