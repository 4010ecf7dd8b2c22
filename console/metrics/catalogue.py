"""Every metric, as data: what it is called, what it means, and which columns it is made from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from console.errors import BadSettings
from console.roles import INPUT_ROLES, Role


class Source(StrEnum):
    """How the numbers of a metric come from the store."""

    ROWS = "rows"                      # requests in the bucket / its length
    PERCENTILE = "percentile"          # nearest rank over the values of one column
    FAILED = "failed"                  # failed / requests that have a status
    MISSING_INPUT = "missing_input"    # missing cells / cells, over all input columns
    MISSING = "missing"                # missing / rows, of one column
    OUTCOME = "outcome"                # mean of the joined outcome, at the request's time
    RESOURCE = "resource"              # mean of a sampled series; of the requests' own column where none is sampled
    MEAN = "mean"                      # mean of one column
    COUNTED = "counted"                # increase of one counter / increase of another
    SAMPLED = "sampled"                # mean of a series of samples; of a counter its increase a second


@dataclass(frozen=True, slots=True)
class Metric:
    """One number per bucket.

    chart     the chart that shows it; metrics of one chart share unit and axis
    series    its name in that chart, "" when it stands alone
    better    lower | higher | neither
    roles     the roles it can be made from, the first that the log has is taken
    quantile  of a PERCENTILE, 0 to 1
    """

    name: str
    chart: str
    title: str
    series: str
    unit: str
    group: str
    step: str
    better: str
    source: Source
    roles: tuple[Role, ...]
    sentence: str
    formula: str
    quantile: float = 0.0


def _latency(name: str, quantile: float) -> Metric:
    percent = f"{quantile:.0%}"
    return Metric(f"latency_{name}", "latency", "Latency", name, "ms", "software", "serving", "lower",
                  Source.PERCENTILE, (Role.LATENCY,),
                  f"The time within which {percent} of the requests of a bucket were answered.",
                  f"value at rank ceil({quantile:g} n) of the bucket's n latencies, sorted", quantile)


CATALOGUE: tuple[Metric, ...] = (
    Metric("throughput", "throughput", "Throughput", "", "req/s", "software", "serving", "neither",
           Source.ROWS, (), "Requests a second.", "requests in the bucket / length of the bucket in seconds"),
    _latency("p50", 0.50),
    _latency("p95", 0.95),
    _latency("p99", 0.99),
    Metric("latency_mean", "latency", "Latency", "mean", "ms", "software", "serving", "lower", Source.COUNTED, (),
           "Mean time of an answer, from the server's counters; for logs without requests.",
           "increase of the time spent on requests / increase of the number of requests"),
    Metric("error_rate", "error_rate", "Error rate", "", "share", "software", "serving", "lower",
           Source.FAILED, (Role.STATUS,), "Share of the requests that failed on the server's side.",
           "requests with status 500 and above, or a word for failure / requests with a status"),
    Metric("missing_values", "missing_values", "Missing values", "", "share", "input", "features", "lower",
           Source.MISSING_INPUT, INPUT_ROLES, "Share of the cells in all input columns that hold no value.",
           "missing cells / (rows x input columns); empty, null and NaN are missing"),
    Metric("null_responses", "null_responses", "Null responses", "", "share", "output", "model", "lower",
           Source.MISSING, (Role.PREDICTION, Role.SCORE), "Share of the requests that got no prediction.",
           "requests without a prediction / requests"),
    Metric("ctr", "ctr", "CTR", "", "share", "output", "outcome", "higher", Source.OUTCOME, (Role.CLICKED,),
           "Clicks per request whose outcome is known, at the time of the request. Young buckets still wait for "
           "outcomes.",
           "clicked / requests with an outcome"),
    Metric("label_mean", "label_mean", "Label mean", "", "", "output", "outcome", "neither", Source.OUTCOME,
           (Role.LABEL,), "Mean of the label where it is known, at the time of the request.",
           "sum of labels / requests with a label"),
    Metric("cpu", "cpu", "CPU", "", "%", "software", "host", "lower", Source.RESOURCE, (Role.CPU,),
           "Mean processor use over hosts.", "mean of the samples in the bucket, all hosts alike"),
    Metric("memory", "memory", "Memory", "", "MB", "software", "host", "lower", Source.RESOURCE, (Role.MEMORY,),
           "Mean memory in use over hosts.", "mean of the samples in the bucket, all hosts alike"),
    Metric("gpu", "gpu", "GPU", "", "%", "software", "host", "lower", Source.RESOURCE, (Role.GPU,),
           "Mean GPU use over hosts.", "mean of the samples in the bucket, all hosts alike"),
    Metric("load", "load", "Server load", "", "", "software", "host", "lower", Source.RESOURCE, (Role.LOAD,),
           "Mean load average over hosts.", "mean of the samples in the bucket, all hosts alike"),
    Metric("prediction_mean", "prediction_mean", "Prediction mean", "", "", "output", "model", "neither",
           Source.MEAN, (Role.SCORE, Role.PREDICTION), "Mean of the model's answer.",
           "sum of predictions / requests with a prediction"),
    Metric("input_length", "input_length", "Input length", "", "", "input", "features", "neither",
           Source.MEAN, (Role.FEATURE_LENGTH,), "Mean length of the input sequence.",
           "sum of lengths / requests with a length"),
    Metric("input_tokens", "tokens", "Tokens per request", "in", "tokens", "input", "features", "neither",
           Source.MEAN, (Role.INPUT_TOKENS,), "Mean number of tokens sent to the model.",
           "sum of input tokens / requests"),
    Metric("output_tokens", "tokens", "Tokens per request", "out", "tokens", "output", "model", "neither",
           Source.MEAN, (Role.OUTPUT_TOKENS,), "Mean number of tokens that the model wrote.",
           "sum of output tokens / requests"),
)

CHARTS: tuple[str, ...] = tuple(dict.fromkeys(metric.chart for metric in CATALOGUE))
"""In the order in which the board shows them."""

SAMPLED_PREFIX = "sampled:"
"""A series of samples is a metric of its own: `sampled:` and its name in the log."""

MEAN_OF_COUNTERS = "mean"
"""The kind of a series that two counters make: the increase of a sum by the increase of a count."""

_UNITS = (("_bytes", "MB"), (".memory.usage", "MB"), ("_seconds", "s"), ("http.server.duration", "ms"),
          (".duration", "s"), ("_milliseconds", "ms"), ("_ms", "ms"), ("_percent", "%"))
_RATES = (("_seconds", "s/s"), ("_bytes", "B/s"))


def sampled_metric(series: str, kind: str = "gauge") -> Metric:
    """The metric of one series of samples; `series` is text from the log.

    kind  gauge, counter, delta, or MEAN_OF_COUNTERS; the log knows it (`Reading.described`)
    The unit is what the name ends in, as Prometheus and OpenTelemetry have it; bytes are shown in MB.
    """
    key = SAMPLED_PREFIX + series
    if kind in ("counter", "delta"):
        return Metric(key, key, series, "", _ending(series.removesuffix("_total").removesuffix("_sum"), _RATES, "1/s"),
                      "software", "host", "neither", Source.SAMPLED, (Role.METRIC_VALUE,),
                      "Increase a second of this counter, all labels together.",
                      "sum of the increases since the sample before / seconds")
    if kind == MEAN_OF_COUNTERS:
        return Metric(key, key, series, "", _ending(series, _UNITS, ""), "software", "host", "neither",
                      Source.SAMPLED, (Role.METRIC_VALUE,), "Mean of what this histogram or summary measured.",
                      "increase of its sum / increase of its count")
    return Metric(key, key, series, "", _ending(series, _UNITS, ""), "software", "host", "neither", Source.SAMPLED,
                  (Role.METRIC_VALUE,), "Mean of the samples of this series.",
                  "sum of the values in the bucket / number of values")


def _ending(name: str, units: tuple[tuple[str, str], ...], otherwise: str) -> str:
    return next((unit for ending, unit in units if name.endswith(ending)), otherwise)


def find(name: str) -> Metric:
    """The metric of that name. Raises BadSettings and lists those there are."""
    if name.startswith(SAMPLED_PREFIX):
        return sampled_metric(name.removeprefix(SAMPLED_PREFIX))
    for metric in CATALOGUE:
        if metric.name == name:
            return metric
    raise BadSettings(f"There is no metric `{name}`",
                      do="Choose one of " + ", ".join(metric.name for metric in CATALOGUE))
