"""Every metric, as data: what it is called, what it means, and which columns it is made from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from console.errors import BadSettings
from console.roles import INPUT_ROLES, Role

if TYPE_CHECKING:
    from console.store.own import OwnMetric


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
    SPEED = "speed"                    # sum of one column / length of the bucket
    COST = "cost"                      # what the log says that requests cost, or tokens by their prices
    QUALITY = "quality"                # mean of an error of the answer, once its outcome is known
    SHADOW = "shadow"                  # mean of what is derived from an answer and that of the shadow model
    QUEUE = "queue"                    # mean of the first series of samples whose name says that it is a queue
    CHANGES = "changes"                # share of the columns that do not stand still
    UNCHANGED = "unchanged"            # seconds since a column's values last changed
    WAIT = "wait"                      # percentile of the wait for outcomes
    OUTSIDE = "outside"                # cells outside the range of the reference / cells
    UNSEEN = "unseen"                  # cells with a value that the reference has not / cells
    CHURN = "churn"                    # users who did not come again / users
    CLASSES = "classes"                # rows of one predicted class / rows with a prediction; one part a class
    HEAT = "heat"                      # counts by value: no line, but a map (see `charts.heat`)
    OWN = "own"                        # an expression of the user's


@dataclass(frozen=True, slots=True)
class Metric:
    """One number per bucket.

    chart     the chart that shows it; metrics of one chart share unit and axis
    series    its name in that chart, "" when it stands alone
    better    lower | higher | neither
    roles     the roles it can be made from, the first that the log has is taken
    quantile  of a PERCENTILE, 0 to 1
    outcome   of an OUTCOME or a QUALITY: its name among joined outcomes; "" for the role's own
    column    of one column: its stored name
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
    outcome: str = ""
    column: str = ""

    @property
    def waits(self) -> bool:
        """Whether its numbers come with outcomes, so that young buckets do not know theirs yet."""
        return self.source in (Source.OUTCOME, Source.QUALITY)

    @property
    def scans(self) -> bool:
        """Whether it reads rows, and takes longer than a board may."""
        return self.source in SCANNED


SCANNED = (Source.OUTSIDE, Source.UNSEEN, Source.CHURN, Source.CLASSES, Source.WAIT, Source.OWN)


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
    Metric("accuracy", "accuracy", "Accuracy", "", "share", "output", "outcome", "higher", Source.OUTCOME,
           (Role.LABEL,), "Share of the answers whose label is known that were right.",
           "answers equal to their label, or on its side of 0.5 / requests with answer and label", outcome="correct"),
    Metric("log_loss", "log_loss", "Log loss", "", "", "output", "outcome", "lower", Source.QUALITY,
           (Role.LABEL, Role.CLICKED), "How surprising outcomes are to the model, in nats: it sees wrong certainty and "
           "a lost calibration.", "mean of -ln(probability that the model gave to what came true)", outcome="log_loss"),
    Metric("mae", "mae", "Mean absolute error", "", "", "output", "outcome", "lower", Source.QUALITY, (Role.LABEL,),
           "How far the answers lie from what came true.", "mean of |prediction - label|", outcome="abs_error"),
    Metric("churned", "churned", "Churned", "", "share", "output", "outcome", "lower", Source.OUTCOME, (Role.CHURNED,),
           "Share of the requests whose user is known to have left, at the time of the request.",
           "churned / requests of which it is known"),
    Metric("cpu", "cpu", "CPU", "", "%", "software", "host", "lower", Source.RESOURCE, (Role.CPU,),
           "Mean processor use over hosts.", "mean of the samples in the bucket, all hosts alike"),
    Metric("memory", "memory", "Memory", "", "MB", "software", "host", "lower", Source.RESOURCE, (Role.MEMORY,),
           "Mean memory in use over hosts.", "mean of the samples in the bucket, all hosts alike"),
    Metric("gpu", "gpu", "GPU", "", "%", "software", "host", "lower", Source.RESOURCE, (Role.GPU,),
           "Mean GPU use over hosts.", "mean of the samples in the bucket, all hosts alike"),
    Metric("load", "load", "Server load", "", "", "software", "host", "lower", Source.RESOURCE, (Role.LOAD,),
           "Mean load average over hosts.", "mean of the samples in the bucket, all hosts alike"),
    Metric("queue", "queue", "Queue", "", "requests", "software", "serving", "lower", Source.QUEUE,
           (Role.METRIC_VALUE,), "Mean number of requests that wait, of the first series of samples that is named so.",
           "mean of the samples in the bucket, all labels alike"),
    Metric("prediction_mean", "prediction_mean", "Prediction mean", "", "", "output", "model", "neither",
           Source.MEAN, (Role.SCORE, Role.PREDICTION), "Mean of the model's answer.",
           "sum of predictions / requests with a prediction"),
    Metric("shadow_agreement", "shadow_agreement", "Agreement with shadow", "", "share", "output", "model", "higher",
           Source.SHADOW, (Role.SHADOW_PREDICTION,), "Share of the requests that the shadow model answers alike.",
           "equal answers / requests with both answers"),
    Metric("shadow_difference", "shadow_difference", "Difference to shadow", "", "", "output", "model", "lower",
           Source.SHADOW, (Role.SHADOW_PREDICTION,), "How far the answers of model and shadow model lie apart.",
           "mean of |prediction - shadow prediction|"),
    Metric("input_length", "input_length", "Input length", "", "", "input", "features", "neither",
           Source.MEAN, (Role.FEATURE_LENGTH,), "Mean length of the input sequence.",
           "sum of lengths / requests with a length"),
    Metric("brightness", "brightness", "Image brightness", "", "", "input", "features", "neither", Source.MEAN,
           (Role.IMAGE_BRIGHTNESS,), "Mean brightness of the pictures, 0 to 1 where the log has it so.",
           "sum of brightness / requests with one"),
    Metric("audio_volume", "audio_volume", "Audio volume", "", "dBFS", "input", "features", "neither", Source.MEAN,
           (Role.AUDIO_VOLUME,), "Mean volume of the recordings; 0 dBFS is the loudest there is.",
           "sum of dBFS / requests with a volume"),
    Metric("input_changes", "input_changes", "Inputs that change", "", "share", "input", "features", "higher",
           Source.CHANGES, (Role.FEATURE, Role.FEATURE_LENGTH, Role.IMAGE_BRIGHTNESS, Role.AUDIO_VOLUME),
           "Share of the numeric input columns that do not stand still: a frozen feature is missing in it.",
           "1 - columns with one and the same value in this bucket and the one before, where by the first day of the "
           "log that is no accident / columns that could be judged"),
    Metric("input_tokens", "tokens", "Tokens per request", "in", "tokens", "input", "features", "neither",
           Source.MEAN, (Role.INPUT_TOKENS,), "Mean number of tokens sent to the model.",
           "sum of input tokens / requests"),
    Metric("output_tokens", "tokens", "Tokens per request", "out", "tokens", "output", "model", "neither",
           Source.MEAN, (Role.OUTPUT_TOKENS,), "Mean number of tokens that the model wrote.",
           "sum of output tokens / requests"),
    Metric("input_tokens_per_second", "tokens_per_second", "Tokens per second", "in", "tokens/s", "software",
           "serving", "neither", Source.SPEED, (Role.INPUT_TOKENS,), "Tokens sent to the model each second.",
           "sum of input tokens / length of the bucket in seconds"),
    Metric("output_tokens_per_second", "tokens_per_second", "Tokens per second", "out", "tokens/s", "software",
           "serving", "neither", Source.SPEED, (Role.OUTPUT_TOKENS,), "Tokens that the model wrote each second.",
           "sum of output tokens / length of the bucket in seconds"),
    *(Metric(f"ttft_{name}", "ttft", "Time to first token", name, "ms", "software", "serving", "lower",
             Source.PERCENTILE, (Role.TIME_TO_FIRST_TOKEN,),
             f"The time within which {quantile:.0%} of the requests of a bucket had their first token.",
             f"value at rank ceil({quantile:g} n) of the bucket's n times to the first token, sorted", quantile)
      for name, quantile in (("p50", 0.50), ("p95", 0.95))),
    Metric("cost", "cost", "Cost per hour", "", "", "software", "serving", "lower", Source.COST,
           (Role.INPUT_TOKENS, Role.OUTPUT_TOKENS), "What requests cost, by the hour: as the log says, else tokens by "
           "the prices in pilothouse.toml.", "sum of costs / length of the bucket in hours"),
)
"""Those of the board: each is made from rollups, and costs nothing that a board may not cost."""

MORE: tuple[Metric, ...] = (
    *(Metric(f"label_delay_{name}", "label_delay", "Label delay", name, "s", "output", "outcome", "lower", Source.WAIT,
             (Role.OUTCOME_TIME,), f"The time within which {quantile:.0%} of the outcomes came that are known, at the "
             "time of their request.", f"value at rank ceil({quantile:g} n) of the waits for the bucket's n outcomes",
             quantile) for name, quantile in (("p50", 0.50), ("p95", 0.95))),
    Metric("brier", "brier", "Brier score", "", "", "output", "outcome", "lower", Source.QUALITY,
           (Role.LABEL, Role.CLICKED), "Mean squared error of the probabilities.", "mean of (probability - outcome)^2",
           outcome="abs_error"),
    Metric("rmse", "rmse", "Root mean squared error", "", "", "output", "outcome", "lower", Source.QUALITY,
           (Role.LABEL,), "As the mean absolute error, with large errors counting more.",
           "root of the mean of (prediction - label)^2", outcome="abs_error"),
    Metric("out_of_range", "out_of_range", "Out of range", "", "share", "input", "features", "lower", Source.OUTSIDE,
           INPUT_ROLES, "Share of the numeric input cells that lie outside of what the reference has; without a "
           "reference, of the first day, or quarter of a shorter log.",
           "cells below the least or above the greatest value of the reference / cells with a number"),
    Metric("unseen", "unseen", "Unseen categories", "", "share", "input", "features", "lower", Source.UNSEEN,
           (Role.FEATURE,), "Share of the cells in categorical input columns whose value the reference has not; "
           "without a reference, the first day, or quarter of a shorter log.",
           "cells with a value that is not among the reference's / cells with a value"),
    Metric("churn", "churn", "Churn", "", "share", "output", "outcome", "lower", Source.CHURN, (Role.USER_ID,),
           "Share of the users of a bucket who do not come again within the days that count as churn; known when they "
           "are over.", "users without a request in N days from the end of the bucket / users of the bucket"),
    Metric("class_shares", "class_shares", "Predicted classes", "", "share", "output", "model", "neither",
           Source.CLASSES, (Role.PREDICTION,), "Share of each class among the predictions; the eight most frequent and "
           "the rest.", "requests with this prediction / requests with a prediction"),
    Metric("score_distribution", "score_distribution", "Score distribution", "", "", "output", "model", "neither",
           Source.HEAT, (Role.SCORE, Role.PREDICTION), "How many answers lie where, over time.",
           "requests by bucket of time and of value"),
    Metric("latency_map", "latency_map", "Latency map", "", "ms", "software", "serving", "lower", Source.HEAT,
           (Role.LATENCY,), "How many requests took how long, over time: two humps are two kinds of requests.",
           "requests by bucket of time and of latency"),
)
"""Those that are shown when somebody asks: they read rows, or take more room than a line."""

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


FAMILIES: dict[str, tuple[str, str, str, str, Source, str, str]] = {
    "missing": ("Missing", "share", "features", "lower", Source.MISSING, "Share of the rows without a value in this "
                "column.", "missing cells / rows; empty, null and NaN are missing"),
    "out_of_range": ("Out of range", "share", "features", "lower", Source.OUTSIDE, "Share of the values of this column "
                     "that lie outside of what the reference, else the first day or quarter of the log, has.",
                     "values below the least or above the greatest of the reference / values"),
    "unseen": ("Unseen", "share", "features", "lower", Source.UNSEEN, "Share of the values of this column that the "
               "reference, else the first day or quarter of the log, has not.",
               "values that are not among the reference's / values"),
    "unchanged": ("Unchanged", "s", "features", "lower", Source.UNCHANGED, "How long all values of this column have "
                  "been one and the same, as far as the window tells: a frozen feature climbs without end.",
                  "0 where values differ within the bucket or from those before; else the time since they last did, by "
                  "whole buckets"),
}
"""Metrics of one column each, `missing:COLUMN` and so on: title, unit, step, better, source, sentence, formula."""


def of_column(family: str, column: str) -> Metric:
    """One metric of a family; `column` is the stored name of a column, text from the log."""
    title, unit, step, better, source, sentence, formula = FAMILIES[family]
    name = f"{family}:{column}"
    return Metric(name, name, f"{title}: {column}", "", unit, "input", step, better, source, INPUT_ROLES, sentence,
                  formula, column=column)


def own_metric(own: OwnMetric) -> Metric:
    """A metric that the folder's own `pilothouse.toml` has."""
    return Metric(own.name, own.name, own.name, "", own.unit, own.group, own.step, own.better, Source.OWN, (),
                  own.sentence or "From pilothouse.toml.", own.expression)


def find(name: str, own: Iterable[OwnMetric] = ()) -> Metric:
    """The metric of that name. Raises BadSettings and lists those there are.

    own  the user's own, which need another name than all others have
    """
    if name.startswith(SAMPLED_PREFIX):
        return sampled_metric(name.removeprefix(SAMPLED_PREFIX))
    family, colon, column = name.partition(":")
    if colon and family in FAMILIES:
        return of_column(family, column)
    every = (*CATALOGUE, *MORE, *map(own_metric, own))
    for metric in every:
        if metric.name == name:
            return metric
    raise BadSettings(f"There is no metric `{name}`",
                      do="Choose one of " + ", ".join([*(metric.name for metric in every),
                                                       *(f"{each}:COLUMN" for each in FAMILIES)]))
