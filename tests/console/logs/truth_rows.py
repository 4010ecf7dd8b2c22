"""What is observable in each of the shared log folders, and where `truth.json` says what it is.

A row asks the workspace in SQL; what it must give is computed from the truth alone. `{raw[name]}` is the table of that
stream. Times are seconds since 1970. `within` is what the log itself rounds away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Truth = Any
Expected = Callable[[Truth], Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that can be seen. The query gives one value, one row or many; the truth gives the same shape."""

    what: str
    sql: str
    truth: Expected
    within: float = 0.0     # absolute; beyond it a millionth, as the truth is written with six digits


@dataclass(frozen=True, slots=True)
class Folder:
    """All that is observable in one folder.

    roles     stream -> role -> column; features apart
    features  stream -> the columns that the model saw
    ignored   reason -> how many records
    untimed   requests that have no time
    """

    rows: tuple[Row, ...]
    roles: Mapping[str, Mapping[str, str]]
    features: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ignored: Mapping[str, int] = field(default_factory=dict)
    quarantined: int = 0


def seconds(text: str) -> float:
    """Since 1970; a time without a zone is UTC."""
    moment = datetime.fromisoformat(text.replace(",", "."))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def at(*path: str) -> Expected:
    """The value that lies there in the truth."""
    def look(truth: Truth) -> Any:
        for key in path:
            truth = truth[key]
        return truth
    return look


def moment(*path: str) -> Expected:
    """The time that lies there, in seconds."""
    return lambda truth: seconds(at(*path)(truth))


def span(table: str, *path: str, within: float = 0.0) -> tuple[Row, ...]:
    """First and last time."""
    return (Row(f"first of {table}", f"SELECT epoch(min(ts)) FROM {table}", moment(*path, "first"), within or 1e-6),
            Row(f"last of {table}", f"SELECT epoch(max(ts)) FROM {table}", moment(*path, "last"), within or 1e-6))


def nulls(stream: str, columns: Mapping[str, str], *path: str, key: str = "nulls") -> Row:
    """Missing values per column; columns: name in the truth -> in the log. What the truth leaves out has none."""
    counts = ", ".join(f'count(*) FILTER ("{column}" IS NULL)' for column in columns.values())
    return Row(f"missing in {stream}", f"SELECT {counts} FROM {{raw[{stream}]}} WHERE coalesce(_half, 0) < 2",
               lambda truth: tuple(at(*path, key)(truth).get(name, 0) for name in columns))


def means(stream: str, columns: Mapping[str, str], *path: str, key: str = "means") -> Row:
    """Means per column."""
    wanted = ", ".join(f'avg(TRY_CAST("{column}" AS DOUBLE))' for column in columns.values())
    return Row(f"means of {stream}", f"SELECT {wanted} FROM {{raw[{stream}]}} WHERE coalesce(_half, 0) < 2",
               lambda truth: tuple(at(*path, key)(truth)[name] for name in columns))


def same(*names: str) -> dict[str, str]:
    """Columns that are called alike in the log and in the truth."""
    return {name: name for name in names}


# ------------------------------------------------------------------ public data sets

def _per_file(truth: Truth) -> list[tuple[Any, ...]]:
    return sorted((name.removesuffix(".csv"), each["rows"], seconds(each["first"]), seconds(each["last"]),
                   each["means"]["value"], *each["mins_maxs"]["value"]) for name, each in truth["files"].items())


NAB = Folder(
    rows=(Row("samples per metric", "SELECT metric, count(*), epoch(min(ts)), epoch(max(ts)), avg(value), min(value), "
              "max(value) FROM samples GROUP BY metric ORDER BY metric", _per_file),
          Row("percentiles per metric", "SELECT metric, quantile_cont(value, 0.05), quantile_cont(value, 0.5), "
              "quantile_cont(value, 0.95) FROM samples GROUP BY metric ORDER BY metric",
              lambda t: sorted((name.removesuffix(".csv"), *each["value_p05_p50_p95"])
                               for name, each in t["files"].items()), within=1e-6)),
    roles={"*": {"timestamp": "timestamp", "metric_value": "value", "metric_name": "metric"}})

OPEN_BANDIT = Folder(
    rows=(Row("events", "SELECT count(*) FROM events", at("rows")), *span("events"),
          Row("clicks by policy", "SELECT model_version, count(*), sum(clicked), avg(clicked) FROM events "
              "GROUP BY 1 ORDER BY 1", lambda t: [(name, each["rows"], each["clicks"], each["ctr"])
                                                  for name, each in sorted(t["by_policy"].items())]),
          means("open-bandit-all", same("item_id", "position", "click", "propensity_score"))),
    roles={"open-bandit-all": {"timestamp": "timestamp", "prediction": "item_id", "clicked": "click",
                               "arm_probability": "propensity_score", "model_version": "policy", "ignored": ""}})

FLIGHTS = Folder(
    rows=(Row("events", "SELECT count(*) FROM events", at("rows")), *span("events"),
          nulls("flights", same("dep_time", "dep_delay", "arr_time", "arr_delay", "tailnum", "air_time", "distance")),
          means("flights", same("dep_delay", "arr_delay", "air_time", "distance")),
          Row("lowest and highest", "SELECT min(dep_delay), max(dep_delay), min(arr_delay), max(arr_delay) "
              "FROM {raw[flights]}", lambda t: (*t["mins_maxs"]["dep_delay"], *t["mins_maxs"]["arr_delay"])),
          Row("flights by month", "SELECT month, count(*), count(*) - count(dep_time), avg(arr_delay), "
              "quantile_cont(arr_delay, 0.95) FROM {raw[flights]} GROUP BY month ORDER BY month",
              lambda t: [(int(month), each["flights"], each["cancelled"], each["arr_delay_mean"],
                          each["arr_delay_p95"]) for month, each in sorted(t["by_month"].items())], within=1e-3),
          Row("flights by carrier", "SELECT carrier, count(*) FROM {raw[flights]} GROUP BY 1 ORDER BY 1",
              lambda t: sorted(t["by_carrier_rows"].items())),
          Row("the blizzard", "SELECT year || '-02-' || lpad(day::INTEGER::VARCHAR, 2, '0'), count(*), "
              "count(*) - count(dep_time) FROM (SELECT * REPLACE (year::INTEGER AS year) FROM {raw[flights]}) "
              "WHERE month = 2 AND day IN (8, 9) GROUP BY 1 ORDER BY 1",
              lambda t: [(day, t["worst_days"][day]["flights"], t["worst_days"][day]["cancelled"])
                         for day in ("2013-02-08", "2013-02-09")])),
    roles={"flights": {"timestamp": "time_hour"}})

CAR_LOAN_NUMBERS = same("car_value", "debt_to_income_ratio", "loan_length", "driver_tenure", "y_pred_proba", "y_pred")
CAR_LOAN = {"feature": ("car_value", "salary_range", "debt_to_income_ratio", "loan_length", "repaid_loan_on_prev_car",
                        "size_of_downpayment", "driver_tenure")}
NANNYML = Folder(
    rows=(Row("events", "SELECT count(*) FROM events", at("analysis", "rows")), *span("events", "analysis"),
          Row("outcomes", "SELECT count(*), avg(label) FROM outcomes",
              lambda t: (t["targets"]["rows"], t["targets"]["means"]["repaid"])),
          Row("joined", "SELECT count(label), avg(label) FROM events",
              lambda t: (t["joined_rows"], t["target_mean_analysis"])),
          Row("reference", "SELECT count(*), epoch(min(timestamp)), epoch(max(timestamp)), avg(repaid) "
              "FROM {raw[reference]}", lambda t: (t["reference"]["rows"], seconds(t["reference"]["first"]),
                                                  seconds(t["reference"]["last"]), t["target_mean_reference"])),
          means("analysis", CAR_LOAN_NUMBERS, "analysis"), means("reference", CAR_LOAN_NUMBERS, "reference"),
          Row("labels by fifth", "SELECT avg(label) FROM (SELECT label, ntile(5) OVER (ORDER BY ts) AS fifth "
              "FROM events) GROUP BY fifth ORDER BY fifth", lambda t: [(each,) for each in t["target_mean_by_fifth"]],
              within=5.1e-5)),
    roles={"analysis": {"timestamp": "timestamp", "request_id": "id", "prediction": "y_pred", "score": "y_pred_proba"},
           "targets": {"request_id": "id", "label": "repaid"},
           "reference": {"timestamp": "timestamp", "request_id": "id", "prediction": "y_pred", "label": "repaid",
                         "score": "y_pred_proba"}},
    features={"analysis": CAR_LOAN["feature"], "reference": CAR_LOAN["feature"]})


def _american(text: str) -> float:
    month, day, year = map(int, text.split("/"))
    return datetime(year, month, day, tzinfo=UTC).timestamp()


CHANGE_POINTS = Folder(
    rows=(Row("the oil price", "SELECT count(*), epoch(min(ts)), epoch(max(ts)), avg(value) FROM samples "
              "WHERE stream = 'brent_crude_oil'",
              lambda t: (lambda oil: (oil["rows"], _american(oil["first"]), _american(oil["last"]),
                                      oil["means"]["DPB"]))(t["files"]["brent_crude_oil.csv"])),
          Row("the office", "SELECT metric, count(*), epoch(min(ts)), epoch(max(ts)), avg(value) FROM samples "
              "WHERE stream = 'occupancy' GROUP BY metric ORDER BY metric",
              lambda t: [(name, office["rows"], seconds(office["first"]), seconds(office["last"]), mean)
                         for office in [t["files"]["occupancy.csv"]] for name, mean in office["means"].items()])),
    roles={"brent_crude_oil": {"timestamp": "day", "metric_value": "DPB"},
           "occupancy": {"timestamp": "time", "metric_value": "V1 V2 V3 V4"}})

AZURE = Folder(
    rows=(Row("events", "SELECT count(*) FROM events", at("rows")), *span("events"),
          means("AzureLLMInferenceTrace_code", same("ContextTokens", "GeneratedTokens")),
          Row("percentiles of tokens", "SELECT " + ", ".join(
              f'quantile_cont("{name}", {share})' for name in ("ContextTokens", "GeneratedTokens")
              for share in (0.5, 0.95)) + " FROM {raw[AzureLLMInferenceTrace_code]}",
              lambda t: (*t["p50_p95"]["ContextTokens"], *t["p50_p95"]["GeneratedTokens"])),
          Row("requests a minute", "SELECT avg(n), max(n) FROM (SELECT count(*) AS n FROM events "
              "GROUP BY date_trunc('minute', ts))", lambda t: tuple(t["requests_per_minute_mean_max"]), within=1e-3)),
    roles={"AzureLLMInferenceTrace_code": {"timestamp": "TIMESTAMP", "input_tokens": "ContextTokens",
                                           "output_tokens": "GeneratedTokens"}})

PEDESTRIANS = Folder(
    rows=(Row("samples", "SELECT count(*), avg(value), min(value), max(value) FROM samples",
              lambda t: (t["rows"], t["means"]["y"], *t["mins_maxs"]["y"])), *span("samples"),
          Row("mean by year", "SELECT year(ts), avg(value) FROM samples GROUP BY 1 ORDER BY 1",
              lambda t: [(int(year), mean) for year, mean in sorted(t["mean_by_year"].items())], within=5.1e-3)),
    roles={"pedestrians-covid": {"timestamp": "ds", "metric_value": "y", "metric_name": "metric"}})

ACCESS_LOG = Folder(
    rows=(Row("events", "SELECT count(*) FROM events", at("rows")), *span("events"),
          Row("status", "SELECT status, count(*) FROM events GROUP BY 1 ORDER BY 1",
              lambda t: sorted(t["status"].items())),
          Row("failed", "SELECT count(*) FROM events WHERE failed", at("status", "500")),
          Row("answers without a body", "SELECT count(*) FROM {raw[access-log]} WHERE bytes IS NULL",
              at("bytes_dash")),
          Row("clients", "SELECT count(DISTINCT client) FROM {raw[access-log]}", at("clients"))),
    roles={"access-log": {"timestamp": "time", "status": "status"}})

MOONCAKE = Folder(
    rows=(Row("events", "SELECT count(*) FROM events", at("rows")),
          Row("the span", "SELECT epoch_ms(max(ts)) - epoch_ms(min(ts)) FROM events",
              lambda t: t["last_ms"] - t["first_ms"]),
          means("conversation_trace", same("input_length", "output_length"))),
    roles={"conversation_trace": {"timestamp": "timestamp", "input_tokens": "input_length",
                                  "output_tokens": "output_length"}})

# ------------------------------------------------------------------ tools that were run

LATENCY = "SELECT count(latency_ms), avg(latency_ms), quantile_cont(latency_ms, 0.5), quantile_cont(latency_ms, 0.95)"
STATUS = "SELECT status, count(*) FROM events GROUP BY 1 ORDER BY 1"


def _latency(*path: str) -> Expected:
    return lambda truth: tuple(at(*path)(truth)[key] for key in ("n", "mean", "p50", "p95"))


BENTOML = Folder(
    rows=(Row("events", "SELECT count(*) FROM events", at("rows")), *span("events"),
          Row("status", STATUS, lambda t: sorted(t["access_log"]["status"].items())),
          Row("latency", f"{LATENCY} FROM events", _latency("access_log", "latency_ms"), within=1e-4),
          Row("joined", "SELECT count(*) FROM events WHERE latency_ms IS NOT NULL AND model_version IS NOT NULL",
              at("join", "monitor_rows_with_access_line")),
          Row("by version", "SELECT model_version, count(*) FROM events GROUP BY 1 ORDER BY 1",
              lambda t: [(name, each["rows"]) for name, each in sorted(t["by_model_version"].items())]),
          nulls("bentoml-server", same("age", "price", "click_probability", "query_len")),
          means("bentoml-server", same("age", "price", "query_len", "click_probability")),
          Row("null responses", "SELECT count(*) FROM events WHERE score IS NULL", at("nulls", "click_probability"))),
    roles={"bentoml-server": {"timestamp": "time", "model": "service", "status": "status", "latency": "latency_ms",
                              "request_id": "trace"},
           "bentoml-monitor": {"feature_length": "query_len", "model_version": "model_version",
                               "score": "click_probability", "timestamp": "timestamp", "request_id": "trace"},
           "prometheus": {"timestamp": "timestamp", "metric_name": "metric", "metric_kind": "kind",
                          "metric_value": "value", "metric_increase": "increase"}},
    features={"bentoml-monitor": ("age", "price", "device")},
    ignored={"a message of the server": 3, "comment": 8})
"""2,335 lines of the server less its 2,332 requests; the comments were counted with `grep -c '^#'`."""

TORCHSERVE = Folder(
    rows=(Row("events", "SELECT count(*) FROM events", at("access_log", "POST_lines")),
          *span("events", "access_log", within=1e-3),
          Row("status", STATUS, lambda t: sorted(t["access_log"]["status"].items())),
          Row("latency", f"{LATENCY} FROM events", _latency("access_log", "latency_ms"), within=1e-4),
          Row("metrics of the server", "SELECT metric, count(*), avg(value), min(value), max(value) FROM samples "
              "WHERE metric <> 'PredictionTime' GROUP BY 1 ORDER BY 1",
              lambda t: [(name, *each.values()) for name, each in sorted(t["ts_metrics"].items())], within=5.1e-5),
          Row("metrics of the model", "SELECT metric, count(*), avg(value), min(value), max(value) FROM samples "
              "WHERE metric = 'PredictionTime' GROUP BY 1",
              lambda t: [(name, *each.values()) for name, each in t["model_metrics"].items()], within=5.1e-5)),
    roles={"torchserve-access": {"timestamp": "time", "status": "status", "latency": "latency_ms", "model": "model"},
           "torchserve-metrics": {"timestamp": "time", "metric_name": "metric", "metric_value": "value",
                                  "metric_kind": "kind", "metric_increase": "increase", "model": "model",
                                  "host": "hostname"}},
    ignored={"a check of health": 2})
"""1,719 lines of access less 1,717 with POST."""

RAY_SERVE = Folder(
    rows=(Row("events", "SELECT count(*) FROM events", at("proxy", "requests")),
          Row("status", STATUS, lambda t: sorted(t["proxy"]["status"].items())),
          Row("failed", "SELECT count(*) FROM events WHERE failed", at("proxy", "status", "500")),
          Row("latency", f"{LATENCY} FROM events", _latency("proxy", "latency_ms"), within=1e-4),
          Row("latency at the replica", f"{LATENCY} FROM {{raw[ray-replica]}}", _latency("replica", "latency_ms"),
              within=1e-4),
          Row("status at the replica", "SELECT status, count(*) FROM {raw[ray-replica]} GROUP BY 1 ORDER BY 1",
              lambda t: [(int(status), count) for status, count in sorted(t["replica"]["status"].items())])),
    roles={"ray-proxy": {"timestamp": "time", "status": "status", "latency": "latency_ms",
                         "request_id": "request_id"},
           "ray-replica": {"timestamp": "time", "status": "status", "latency": "latency_ms",
                           "request_id": "request_id", "model": "application", "host": "replica"}},
    ignored={"a message of the server": 102})
"""1,789 and 1,785 lines less twice 1,736 requests; the controller's log is left alone."""

LITSERVE = Folder(
    rows=(Row("samples", "SELECT metric, count(*), count(*) FILTER (value IS NULL), avg(value) FROM samples "
              "GROUP BY 1 ORDER BY 1", lambda t: [(name, each["n"], each["nulls"], each["mean"])
                                                  for name, each in sorted(t["keys"].items())]),
          Row("requests without a time", "SELECT count(*) FROM {raw[uvicorn-access]}", at("access_lines")),
          Row("their status as the driver of the run counted it", "SELECT status, count(*) "
              "FROM {raw[uvicorn-access]} GROUP BY 1 ORDER BY 1",
              lambda t: [(int(status), sum(phase["status"].get(status, 0) for phase in t["run"]["phases"]))
                         for status in ("200", "500")]),
          Row("none of them on the time axis", "SELECT count(*) FROM events", lambda t: 0)),
    roles={"metrics": {"timestamp": "timestamp", "metric_name": "key", "metric_value": "value"},
           "uvicorn-access": {"status": "status"}},
    ignored={"a message of the server": 63, "a check of health": 1, "a traceback or other output": 453})
"""1,893 lines of the server less its 1,376 requests: 1 of GET /health, 63 that begin with a level or a date."""

_LAST = "SELECT arg_max(value, ts), arg_min(value, ts), sum(increase), count(*) FROM samples WHERE metric = "

MLSERVER = Folder(
    rows=(Row("scrapes", "SELECT count(*), epoch(min(t)), epoch(max(t)) FROM (SELECT DISTINCT ts AS t FROM samples)",
              lambda t: (t["scrapes"], *(datetime.strptime(t[key], "metrics-%Y%m%dT%H%M%SZ.prom").replace(
                  tzinfo=UTC).timestamp() for key in ("first_file", "last_file")))),
          *(Row(f"last of {name}", f"SELECT arg_max(value, ts) FROM samples WHERE metric = '{name}'", at("last", name))
            for name in ("model_infer_request_success_total", "model_infer_request_failure_total",
                         "model_infer_request_duration_count", "model_infer_request_duration_sum",
                         "process_resident_memory_bytes", "process_cpu_seconds_total")),
          Row("a counter that the first scrape lacks", "SELECT count(*) FROM samples WHERE metric = "
              "'model_infer_request_success_total' AND ts = (SELECT min(ts) FROM samples)",
              lambda t: 0 if t["first"]["model_infer_request_success_total"] is None else 1),
          Row("first of the processor's time", "SELECT arg_min(value, ts) FROM samples WHERE metric = "
              "'process_cpu_seconds_total'", at("first", "process_cpu_seconds_total")),
          Row("increase of the processor's time", "SELECT sum(increase) FROM samples WHERE metric = "
              "'process_cpu_seconds_total'", lambda t: t["last"]["process_cpu_seconds_total"] -
              t["first"]["process_cpu_seconds_total"]),
          Row("answers by status as the driver of the run counted them", "SELECT json_extract_string(labels, "
              "'$.status_code'), max(value) FROM {raw[prometheus]} WHERE metric = 'rest_server_requests_total' "
              "AND json_extract_string(labels, '$.method') = 'POST' GROUP BY 1 ORDER BY 1",
              lambda t: sorted((status, sum(phase["status"].get(status, 0) for phase in t["run"]["phases"]))
                               for status in ("200", "500"))),
          Row("kinds", "SELECT DISTINCT kind FROM samples WHERE metric IN ('process_cpu_seconds_total', "
              "'model_infer_request_duration_sum')", lambda t: "counter")),
    roles={"prometheus": {"timestamp": "timestamp", "metric_name": "metric", "metric_kind": "kind",
                          "metric_value": "value", "metric_increase": "increase", "model": "model"}},
    ignored={"comment": 1668, "a time of creation, no count": 232})
"""The ignored lines were counted with `grep -c '^#'`, and `_created` at the end of a name."""

OTLP = Folder(
    rows=(Row("events", "SELECT count(*) FROM events", at("requests")), *span("events"),
          Row("failed", "SELECT count(*) FROM events WHERE failed", at("errors")),
          Row("durations", "SELECT sum(latency_ms), avg(latency_ms) FROM events",
              lambda t: (t["duration_ms_sum"], t["duration_ms_mean"])),
          Row("tokens by model", 'SELECT model_version, count(*), sum(i), sum(o) FROM (SELECT '
              '"gen_ai.response.model" AS model_version, "gen_ai.usage.input_tokens" AS i, '
              '"gen_ai.usage.output_tokens" AS o FROM {raw[otlp-traces]} WHERE _half < 2) '
              "WHERE model_version IS NOT NULL GROUP BY 1 ORDER BY 1",
              lambda t: [(name, *each.values()) for name, each in sorted(t["by_model"].items())]),
          Row("requests by model", "SELECT model_version, count(*) FROM events WHERE model_version IS NOT NULL "
              "GROUP BY 1 ORDER BY 1", lambda t: [(name, each["requests"]) for name, each in
                                                  sorted(t["by_model"].items())]),
          Row("tokens", 'SELECT sum("gen_ai.usage.input_tokens"), sum("gen_ai.usage.output_tokens") '
              "FROM {raw[otlp-traces]} WHERE _half < 2", lambda t: (t["input_tokens_sum"], t["output_tokens_sum"])),
          Row("empty answers", "SELECT count(*) FROM events WHERE prediction IS NULL AND NOT failed",
              at("empty_answers"))),
    roles={"otlp-traces": {
        "request_id": "trace_id", "timestamp": "start_time", "latency": "duration_ms", "status": "status",
        "host": "host", "prediction": "prediction", "model": "gen_ai.request.model",
        "model_version": "gen_ai.response.model", "input_tokens": "gen_ai.usage.input_tokens",
        "output_tokens": "gen_ai.usage.output_tokens"},
        "otlp-metrics": {"timestamp": "timestamp", "metric_name": "metric", "metric_kind": "kind",
                         "metric_value": "value", "metric_increase": "increase", "model": "model",
                         "model_version": "model_version", "host": "host"}})

# ------------------------------------------------------------------ forms made after documentation, from any seed

VERSIONS = ("ctr-v1", "ctr-v2")
FEATURES = ("age", "price", "days_since_last", "session_depth", "user_ctr_7d", "device", "country", "category",
            "seq_len")
NUMBERS = tuple(name for name in FEATURES if name not in ("device", "country", "category"))


def by_version(key: str, versions: tuple[str, ...] = VERSIONS) -> Expected:
    """(number of the version, value) of each that has any rows."""
    return lambda t: [(name, t["as_logged"]["by_version"][name][key]) for name in versions
                      if name in t["as_logged"]["by_version"]]


def versioned(version: str, what: str, condition: str = "true") -> str:
    """A number by version, whose names as the truth has them are made by an expression."""
    return f"SELECT {version} AS version, {what} FROM events WHERE {condition} GROUP BY 1 ORDER BY 1"


def features(stream: str, names: Mapping[str, str]) -> tuple[Row, ...]:
    """Missing values and means of what the model saw."""
    return (nulls(stream, names, "as_logged", key="feature_nulls"),
            means(stream, {name: column for name, column in names.items() if name in NUMBERS}, "as_logged",
                  key="feature_means"))


REQUESTS = Row("events", "SELECT count(*) FROM events", at("as_logged", "logged_requests"))

SAGEMAKER = Folder(
    rows=(REQUESTS, *span("events", "as_logged", within=1.0),
          Row("by version", versioned("model_version", "count(*)"), by_version("rows")),
          Row("null predictions", versioned("model_version", "count(*) FILTER (prediction IS NULL)"),
              by_version("null_predictions")),
          Row("outcomes", "SELECT count(*) FROM outcomes", lambda t: sum(
              each["labelled"] for each in t["as_logged"]["by_version"].values())),
          Row("labelled", versioned("model_version", "count(label)"), by_version("labelled")),
          Row("clicks", versioned("model_version", "sum(label)"), by_version("clicks")),
          Row("click rate", versioned("model_version", "avg(label)"), by_version("ctr")),
          *features("sagemaker", {name: f"feature_{place}" for place, name in enumerate(FEATURES, 1)})),
    roles={"sagemaker": {"request_id": "request_id", "timestamp": "inferenceTime", "model_version": "variant",
                         "model": "endpoint", "prediction": "prediction"},
           "sagemaker-ground-truth": {"request_id": "request_id", "label": "label"}},
    features={"sagemaker": tuple(f"feature_{place}" for place in range(1, 10))})

_OF = "'ctr-v' || model_version"

DATABRICKS = Folder(
    rows=(REQUESTS, *span("events", "as_logged", within=1e-3),
          Row("by version", versioned(_OF, "count(*)"), by_version("rows")),
          Row("null predictions", versioned(_OF, "count(*) FILTER (prediction IS NULL)"),
              by_version("null_predictions")),
          Row("failed", versioned(_OF, "count(*) FILTER (failed)"), by_version("errors")),
          Row("latency, rounded up to milliseconds", versioned(_OF, "avg(latency_ms) - 0.5"),
              by_version("latency_ms_mean"), within=0.5),
          Row("slow ones, rounded up to milliseconds", versioned(_OF, "quantile_cont(latency_ms, 0.95) - 0.5"),
              by_version("latency_ms_p95"), within=0.5),
          *features("databricks", same(*FEATURES))),
    roles={"databricks": {
        "request_id": "request_id", "timestamp": "timestamp_ms", "status": "status_code", "prediction": "prediction",
        "latency": "execution_time_ms", "sampling_fraction": "sampling_fraction", "model": "model_name",
        "model_version": "model_version", "feature_length": "seq_len"}},
    features={"databricks": FEATURES[:-1]})

_CANARY = "CASE model_version WHEN 'canary' THEN 'ctr-v2' WHEN 'default' THEN 'ctr-v1' END"

KSERVE = Folder(
    rows=(REQUESTS, *span("events", "as_logged"),
          Row("by version", versioned(_CANARY, "count(*)"), by_version("rows")),
          Row("null predictions", versioned(_CANARY, "count(*) FILTER (prediction IS NULL)"),
              by_version("null_predictions")),
          Row("without a response", versioned(_CANARY, "count(*) FILTER (failed)"), by_version("errors")),
          Row("latency where all were answered", versioned(_CANARY, "avg(latency_ms), quantile_cont(latency_ms, 0.95)",
                                                           "model_version = 'default'"),
              lambda t: [(name, each["latency_ms_mean"], each["latency_ms_p95"]) for name, each in
                         t["as_logged"]["by_version"].items() if name == "ctr-v1" and not each["errors"]] or None,
              within=1e-3),
          *features("kserve-cloudevents", same(*FEATURES))),
    roles={"kserve-cloudevents": {
        "request_id": "id", "timestamp": "time", "model": "inferenceservicename", "model_version": "endpoint",
        "latency": "latency_ms", "status": "status", "feature_length": "seq_len", "prediction": "prediction"}},
    features={"kserve-cloudevents": FEATURES[:-1]})

_DEPLOYED = ("CASE model_version WHEN '4871203948571029384' THEN 'ctr-v1' WHEN '9120394857102938475' THEN 'ctr-v2' "
             "END")

VERTEX = Folder(
    rows=(REQUESTS, *span("events", "as_logged", within=0.5),       # the log has the time of the answer
          Row("by version", versioned(_DEPLOYED, "count(*)"), by_version("rows")),
          Row("null predictions", versioned(_DEPLOYED, "count(*) FILTER (score IS NULL)"),
              by_version("null_predictions")),
          *features("vertex", same(*FEATURES))),
    roles={"vertex": {"request_id": "request_id", "timestamp": "logging_time", "model": "endpoint",
                      "model_version": "deployed_model_id", "feature_length": "seq_len", "score": "score"}},
    features={"vertex": FEATURES[:-1]})

NGINX = Folder(
    rows=(REQUESTS, *span("events", "as_logged", within=1e-3),
          Row("by version", versioned(_OF, "count(*)"), by_version("rows")),
          Row("failed", versioned(_OF, "count(*) FILTER (failed)"), by_version("errors")),
          Row("latency, in whole milliseconds", versioned(_OF, "avg(latency_ms)"), by_version("latency_ms_mean"),
              within=0.1),
          Row("slow ones, in whole milliseconds", versioned(_OF, "quantile_cont(latency_ms, 0.95)"),
              by_version("latency_ms_p95"), within=1.0),
          Row("answers without a body", "SELECT 'ctr-v' || model_version, count(*) FILTER (body_bytes_sent = 0) "
              "FROM {raw[nginx-json]} GROUP BY 1 ORDER BY 1", by_version("null_predictions"))),
    roles={"nginx-json": {"timestamp": "msec", "status": "status", "latency": "request_time",
                          "request_id": "request_id", "model": "model", "model_version": "model_version"}})

_ASSIST = "CASE model_version WHEN 'assist-small' THEN 'ctr-v1' WHEN 'assist-small-next' THEN 'ctr-v2' END"

LITELLM = Folder(
    rows=(REQUESTS, *span("events", "as_logged", within=1e-5),
          Row("by model", versioned(_ASSIST, "count(*)"), by_version("rows")),
          Row("failed", versioned(_ASSIST, "count(*) FILTER (failed)"), by_version("errors")),
          Row("tokens in, twelve a word", "SELECT avg(prompt_tokens) FROM {raw[litellm]}",
              lambda t: 12 * t["as_logged"]["feature_means"]["seq_len"]),
          Row("answers without a token", versioned(_ASSIST.replace("model_version", "model"), "count(*)").replace(
              "FROM events WHERE true", "FROM {raw[litellm]} WHERE completion_tokens = 0"),
              lambda t: [each for each in by_version("null_predictions")(t) if each[1]]),
          Row("latency is the end less the start", "SELECT max(abs(latency_ms - 1000 * TRY_CAST(response_time AS "
              "DOUBLE))) FROM {raw[litellm]}", lambda t: 0.0, within=0.01)),
    roles={"litellm": {"request_id": "id", "status": "status", "input_tokens": "prompt_tokens",
                       "output_tokens": "completion_tokens", "timestamp": "startTime", "model_version": "model",
                       "model": "model_group", "user_id": "end_user", "latency": "latency_ms",
                       "time_to_first_token": "time_to_first_token_ms", "prediction": "prediction"}})


def _scrape(metric: str, column: str, what: str) -> str:
    return (f"SELECT 'ctr-v' || model_version, {what} FROM {{raw[prometheus]}} WHERE {column} = '{metric}' "
            "GROUP BY 1 ORDER BY 1")


TRITON = Folder(
    rows=(Row("last count of answers", _scrape("nv_inference_request_success", "metric", "arg_max(value, _ts)"),
              lambda t: [(name, each["rows"] - each["errors"]) for name, each in
                         sorted(t["as_logged"]["by_version"].items())]),
          Row("last count of failures", _scrape("nv_inference_request_failure", "metric", "arg_max(value, _ts)"),
              by_version("errors")),
          Row("mean duration", "SELECT version, 1e-3 * max(d) / max(n) FROM (SELECT 'ctr-v' || model_version AS "
              "version, CASE WHEN metric = 'nv_inference_request_duration_us' THEN arg_max(value, _ts) END AS d, "
              "CASE WHEN metric <> 'nv_inference_request_duration_us' THEN sum(arg_max(value, _ts)) OVER (PARTITION "
              "BY model_version, metric <> 'nv_inference_request_duration_us') END AS n FROM {raw[prometheus]} "
              "WHERE metric LIKE 'nv_inference%' GROUP BY metric, model_version) GROUP BY 1 ORDER BY 1",
              by_version("latency_ms_mean"), within=1e-3),
          Row("all in the last bucket", "SELECT arg_max(value, ts) FROM samples WHERE metric = "
              "'request_latency_ms_bucket{{le=\"+Inf\"}}'", at("as_logged", "logged_requests")),
          Row("increases are the last value less the first", "SELECT count(*) FROM (SELECT metric, model_version, "
              "sum(increase) - (arg_max(value, _ts) - arg_min(value, _ts)) AS off FROM {raw[prometheus]} "
              "WHERE kind = 'counter' GROUP BY ALL) WHERE abs(off) > 1e-6 OR off IS NULL", lambda t: 0),
          Row("increase of answers", "SELECT sum(increase) + min(value) FROM {raw[prometheus]} WHERE metric = "
              "'request_latency_ms_count'", at("as_logged", "logged_requests")),
          Row("gauges have no increase", "SELECT count(increase) FROM samples WHERE kind = 'gauge'", lambda t: 0)),
    roles={"prometheus": {"timestamp": "timestamp", "metric_name": "metric", "metric_kind": "kind",
                          "metric_value": "value", "metric_increase": "increase", "model": "model",
                          "model_version": "model_version"}},
    ignored={"comment": 1728})
"""Twelve comments a scrape, a scrape every five minutes for twelve hours."""

MADE = {"sagemaker": SAGEMAKER, "databricks": DATABRICKS, "kserve": KSERVE, "vertex": VERTEX, "nginx": NGINX,
        "litellm": LITELLM, "prometheus": TRITON}
"""By the name that `make_formats.py` has for them."""

FOLDERS = {
    "nab-cloudwatch": NAB, "nab-known-cause": NAB, "nab-ad-exchange": NAB, "open-bandit-all": OPEN_BANDIT,
    "flights-winter": FLIGHTS, "nannyml-car-loan": NANNYML, "change-points": CHANGE_POINTS, "azure-llm-code": AZURE,
    "pedestrians-covid": PEDESTRIANS, "access-log-combined": ACCESS_LOG, "mooncake-conversation": MOONCAKE,
    "format-bentoml": BENTOML, "format-torchserve": TORCHSERVE, "format-ray-serve": RAY_SERVE,
    "format-mlserver-prometheus": MLSERVER, "format-litserve": LITSERVE, "format-otlp": OTLP,
    "format-sagemaker": SAGEMAKER, "format-databricks": DATABRICKS, "format-kserve-cloudevents": KSERVE,
    "format-vertex": VERTEX, "format-nginx-json": NGINX, "format-litellm": LITELLM,
    "format-triton-prometheus": TRITON,
}
