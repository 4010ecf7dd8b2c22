"""The coverage map: for each step of the pipeline what can go wrong, what would show it, what guards it, what is blind.

Decisions
- The map is data. A trouble names the metrics that would show it; metrics made from a role of its own (`made_from`)
  count too, whatever they are called, so that a metric that a user adds takes its place by itself.
- What a log cannot show is said with what to log to see it: that is the use of the map.
- Some troubles no number over time shows, but the comparison of two windows does (drift of a column). They are told
  apart, since no alarm can guard them: somebody has to look.
- Metrics of one column (`missing:price`) count where a rule judges them: a map that lists one for each column and
  trouble would not be read.
- A rule guards a trouble when it is enabled and judges one of its metrics; where the trouble is that of one version or
  host among many, only a rule with that split does, for the sum of all drowns it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from console.alarms.rules import Rule
from console.metrics.catalogue import CATALOGUE, FAMILIES, SAMPLED_PREFIX, Metric, Source, of_column, sampled_metric
from console.metrics.charts import shown_series
from console.metrics.measure import Reading
from console.roles import INPUT_ROLES, Role, StreamKind
from console.window import Window

if TYPE_CHECKING:
    from console.store import StreamInfo, Workspace


class Step(StrEnum):
    """Where on the way from the world to the model and back."""

    COLLECTION = "collection"
    FEATURES = "features"
    INFERENCE = "inference"
    RESPONSE = "response"
    FEEDBACK = "feedback"


class Cover(StrEnum):
    """How it stands with a trouble, the best first."""

    GUARDED = "guarded"     # a rule would fire
    SHOWN = "shown"         # a chart shows it, and nobody is told
    COMPARED = "compared"   # the comparison of two windows shows it, to who looks
    BLIND = "blind"         # this log has nothing that would show it


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that can go wrong.

    metrics    names in the catalogue, the plainest first
    made_from  metrics made from one of these roles show it too
    family     and metrics of one column of this family (`missing:price`)
    sources    and those whose numbers come about in one of these ways (`catalogue.Source`)
    series     an expression that names of sampled series match which show it
    split      it shows only where the metric is read by this role
    compared   columns of one of these roles show it when two windows are compared
    with_      and columns of one of these must be there too; and a reference, where `reference`
    to_log     what to log so that it can be seen
    """

    name: str
    step: Step
    sentence: str
    to_log: str
    metrics: tuple[str, ...] = ()
    made_from: tuple[Role, ...] = ()
    family: str = ""
    sources: tuple[str, ...] = ()
    series: str = ""
    split: Role | None = None
    compared: tuple[Role, ...] = ()
    with_: tuple[Role, ...] = ()
    reference: bool = False


ANSWERS = (Role.PREDICTION, Role.SCORE)

MAP: tuple[Trouble, ...] = (
    Trouble("traffic lost", Step.COLLECTION, "Requests no longer arrive, or arrive twice.",
            "One row a request with its time, or a counter of requests.", metrics=("throughput",),
            series=r"requests?_?(count|total)|requests?2xx"),
    Trouble("log late", Step.COLLECTION, "Records reach the log long after they happened, so that all else is late.",
            "The time at which the record was written, beside that of the request.", made_from=(Role.ARRIVAL_TIME,)),
    Trouble("other users", Step.COLLECTION, "Requests come from other people, places or devices than before.",
            "What the request is about: device, country, category, length of the input.",
            metrics=("input_length", "input_tokens"), made_from=(Role.IMAGE_BRIGHTNESS, Role.AUDIO_VOLUME),
            compared=INPUT_ROLES),

    Trouble("column null", Step.FEATURES, "A column from upstream turns null, as after a failed join.",
            "The inputs of the model as it got them, nulls and all.", metrics=("missing_values",),
            family="missing"),
    Trouble("unit changed", Step.FEATURES, "A number comes in another unit or range: cents for euros.",
            "The numeric inputs of the model, unscaled.", compared=(Role.FEATURE, Role.FEATURE_LENGTH),
            sources=("outside",)),
    Trouble("unseen category", Step.FEATURES, "A category comes that the model was never trained on, or in other case.",
            "The categorical inputs as text, as the model got them.", compared=(Role.FEATURE,),
            sources=("unseen",)),
    Trouble("feature frozen", Step.FEATURES, "An input no longer changes: its table is not filled any more.",
            "The inputs of the model, and when each was computed.", compared=(Role.FEATURE,),
            sources=("changes", "unchanged")),
    Trouble("input cut", Step.FEATURES, "Texts, images or sounds arrive cut, dark or silent.",
            "Length, mean brightness or volume of each input.", metrics=("input_length", "input_tokens"),
            made_from=(Role.IMAGE_BRIGHTNESS, Role.AUDIO_VOLUME, Role.FEATURE_LENGTH)),
    Trouble("training-serving skew", Step.FEATURES, "Serving computes an input otherwise than training did.",
            "A sample of the training data, as reference, with the same columns as the requests.",
            compared=INPUT_ROLES, reference=True),

    Trouble("latency tail", Step.INFERENCE, "A few answers take very long; the mean does not show it.",
            "The latency of each request, or a histogram of latencies.", metrics=("latency_p99", "latency_p95"),
            series=r"(p|q)_?9[0-9]"),
    Trouble("slower", Step.INFERENCE, "All answers take longer.",
            "The latency of each request, or counters of time and requests.", metrics=("latency_p50", "latency_mean"),
            series=r"latency|duration|predictiontime"),
    Trouble("first token late", Step.INFERENCE, "The model thinks long before it writes the first token.",
            "Time to first token, for models that stream.", made_from=(Role.TIME_TO_FIRST_TOKEN,),
            series=r"time_to_first_token|ttft"),
    Trouble("overload", Step.INFERENCE, "Processors or graphics processors are at their limit.",
            "Processor and GPU use of each host, every minute or so.", metrics=("cpu", "gpu", "load"),
            series=r"(cpu|gpu).*(util|usage|percent|seconds)|queue",
            sources=("queue",)),
    Trouble("memory leak", Step.INFERENCE, "Memory grows until the process is killed.",
            "Memory in use of each host, every minute or so.", metrics=("memory",),
            series=r"memory.*(used|usage|bytes|util)|resident"),
    Trouble("bad version", Step.INFERENCE, "A new version of the model is slow or fails, on its share of the traffic.",
            "The version of the model with each request.", metrics=("error_rate", "latency_p95", "null_responses"),
            split=Role.MODEL_VERSION),
    Trouble("bad host", Step.INFERENCE, "One host of many is slow or fails.",
            "The host that answered with each request.", metrics=("error_rate", "latency_p95"), split=Role.HOST),

    Trouble("errors", Step.RESPONSE, "Requests fail on the server's side.",
            "The status of each request, or a counter of failures.", metrics=("error_rate",),
            series=r"^(?!.*latency).*(error|fail|requests?5xx)"),
    Trouble("null answers", Step.RESPONSE, "Requests are answered without a prediction.",
            "The prediction with each request, empty where there was none.", metrics=("null_responses",)),
    Trouble("score shift", Step.RESPONSE, "The model's answers move: more yes, higher scores.",
            "The score or prediction of each request.", metrics=("prediction_mean",), compared=ANSWERS),
    Trouble("answers too long", Step.RESPONSE, "The model writes more than it should, or nothing; cost follows.",
            "The number of tokens of each answer.", metrics=("output_tokens",),
            sources=("cost",)),
    Trouble("disagrees with shadow", Step.RESPONSE, "The model and its shadow answer differently.",
            "What the shadow model predicted for the same request.", made_from=(Role.SHADOW_PREDICTION,),
            sources=("shadow",)),

    Trouble("quality falls", Step.FEEDBACK, "Answers are clicked less, or are wrong more often.",
            "Click, label or outcome with the id of its request.", metrics=("ctr", "label_mean"),
            sources=("quality",)),
    Trouble("labels late or missing", Step.FEEDBACK, "Outcomes come later than usual, or no longer.",
            "The time at which each outcome became known.", made_from=(Role.OUTCOME_TIME,),
            sources=("wait",)),
    Trouble("users leave", Step.FEEDBACK, "People no longer come back.",
            "An id for each user, or whether they left.", made_from=(Role.CHURNED, Role.USER_ID),
            sources=("churn",)),
    Trouble("concept changed", Step.FEEDBACK, "The same inputs now have other outcomes.",
            "Outcomes with the id of their request, and the score that was given.",
            compared=(Role.CLICKED, Role.LABEL), with_=ANSWERS,
            sources=("quality",)),
    Trouble("feedback loop", Step.FEEDBACK, "The model learns only from what it chose itself, and repeats it.",
            "With what probability each choice was made, and a small share chosen at random.",
            made_from=(Role.ARM_PROBABILITY,), compared=(Role.ARM_PROBABILITY,)),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A metric that shows a trouble: its name, the words that a person knows it by, and the chart that has it."""

    metric: str
    title: str
    chart: str


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One trouble, in this log and with these rules.

    shown     the metrics of this log that show it, the plainest first
    guards    names of the enabled rules that would fire
    compared  whether the comparison of two windows shows it too
    to_log    what to log to see it; "" where the log has it
    split     it shows only where the charts are split by this role; "" where that does not matter
    """

    name: str
    sentence: str
    cover: Cover
    shown: tuple[Shown, ...]
    guards: tuple[str, ...]
    compared: bool
    to_log: str
    split: str = ""

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of those that show it."""
        return tuple(one.metric for one in self.shown)


@dataclass(frozen=True, slots=True)
class CoverageStep:
    """One step of the pipeline with its troubles."""

    step: Step
    rows: tuple[CoverageRow, ...]

    def count(self, cover: Cover) -> int:
        """How many troubles stand so."""
        return sum(row.cover is cover for row in self.rows)


@dataclass(frozen=True, slots=True)
class CoverageView:
    """The whole map. `sentence`: how much is guarded, in words."""

    steps: tuple[CoverageStep, ...]
    sentence: str

    def row(self, name: str) -> CoverageRow:
        """By the trouble's name; raises KeyError."""
        for step in self.steps:
            for row in step.rows:
                if row.name == name:
                    return row
        raise KeyError(name)


def coverage(store: Workspace, rules: Sequence[Rule], metrics: Iterable[Metric] = CATALOGUE) -> CoverageView:
    """What this log could show, and what these rules guard. Asks for columns, not for rows."""
    reading = Reading(store, store.span() or Window.from_epoch(0, 3600), 3600)
    known = {metric.name: metric for metric in metrics if reading.has(metric)}
    known |= {one.name: one for series in shown_series(reading) for one in (sampled_metric(series.title),)}
    known |= {rule.metric: of_column(*parts) for rule in rules if rule.metric not in known
              and (parts := rule.metric.split(":", 1))[0] in FAMILIES and len(parts) == 2}
    streams = tuple(stream for stream in store.streams() if stream.rows)
    enabled = tuple(rule for rule in rules if rule.enabled)
    steps = tuple(CoverageStep(step, tuple(_row(trouble, known, streams, enabled) for trouble in MAP
                                           if trouble.step is step)) for step in Step)
    return CoverageView(steps, _sentence(steps))


def _row(trouble: Trouble, known: dict[str, Metric], streams: tuple[StreamInfo, ...],
         rules: tuple[Rule, ...]) -> CoverageRow:
    shown = [name for name in trouble.metrics if name in known]
    shown += [name for name, metric in known.items() if name not in shown
              and (metric.source in trouble.sources or _made_from(metric, trouble.made_from)
                   or (trouble.family and name.startswith(f"{trouble.family}:")))]
    shown += [name for name, metric in known.items() if trouble.series and name.startswith(SAMPLED_PREFIX)
              and re.search(trouble.series, metric.title, re.IGNORECASE)]
    if trouble.split is not None and not _has(streams, (trouble.split,), StreamKind.REQUESTS):
        shown = []
    guards = tuple(rule.name for rule in rules if rule.metric in shown
                   and (trouble.split is None or rule.split is trouble.split))
    compares = _compares(trouble, streams)
    if guards:
        cover = Cover.GUARDED
    elif shown:
        cover = Cover.SHOWN
    elif compares:
        cover = Cover.COMPARED
    else:
        cover = Cover.BLIND
    return CoverageRow(trouble.name, trouble.sentence, cover, tuple(map(_shown, map(known.__getitem__, shown))), guards,
                       compares, trouble.to_log if cover is Cover.BLIND else "",
                       trouble.split.value if trouble.split is not None and shown else "")


def _shown(metric: Metric) -> Shown:
    return Shown(metric.name, f"{metric.title} {metric.series}".strip(), metric.chart)


OF_ALL_INPUTS = (Source.MISSING, Source.MISSING_INPUT, Source.CHANGES, Source.UNCHANGED, Source.OUTSIDE, Source.UNSEEN)
"""Made from whatever inputs there are, these tell nothing of one role."""


def _made_from(metric: Metric, roles: tuple[Role, ...]) -> bool:
    return (metric.source not in OF_ALL_INPUTS and not metric.name.startswith(SAMPLED_PREFIX)
            and any(role in metric.roles for role in roles))


def _compares(trouble: Trouble, streams: tuple[StreamInfo, ...]) -> bool:
    if not trouble.compared or not _has(streams, trouble.compared, StreamKind.REQUESTS, StreamKind.OUTCOMES):
        return False
    if trouble.with_ and not _has(streams, trouble.with_, StreamKind.REQUESTS):
        return False
    return not trouble.reference or _has(streams, trouble.compared, StreamKind.REFERENCE)


def _has(streams: tuple[StreamInfo, ...], roles: tuple[Role, ...], *kinds: StreamKind) -> bool:
    return any(stream.kind in kinds and any(True for _ in stream.columns_of(*roles)) for stream in streams)


def _sentence(steps: tuple[CoverageStep, ...]) -> str:
    counts = {cover: sum(step.count(cover) for step in steps) for cover in Cover}
    guarded, shown, compared, blind = (counts[cover] for cover in Cover)
    return (f"Of {sum(counts.values())} things that can go wrong, {guarded or 'none'} "
            f"{'is' if guarded == 1 else 'are'} guarded by an alarm, {shown} {'shows' if shown == 1 else 'show'} on a "
            f"chart that nobody guards, {compared} {'shows' if compared == 1 else 'show'} only when two windows are "
            f"compared, and {blind} this log cannot show.")
