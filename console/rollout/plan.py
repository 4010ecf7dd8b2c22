"""Plans: how a candidate is given traffic, and the gates that stand in its way. Values only; nothing runs here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

HIGHEST_WEIGHT = 100.0
"""Percent."""

MIN_SAMPLE = 100
MIN_ERRORS = 5
"""So many candidate requests, or so many errors, before a fixed threshold says anything (rollouts.md 3.4)."""

ALPHA = 0.05
"""One-sided, for all guardrails of a plan together."""

CHECK_EVERY_S = 60.0
"""Seconds of log time between two looks of a gate that names no interval of its own."""

MISSING = "missing"
"""The provider of a gate that stands for a template which was not in the files that were read."""

ERROR_RETRY_S = 10.0
"""Argo measures again so soon after an error."""


class Kind(StrEnum):
    """How the candidate gets traffic."""

    CANARY = "canary"               # by weight, step by step
    BLUE_GREEN = "blue_green"       # nothing, then all at once
    AB_TEST = "ab_test"             # by header, for a number of checks
    SHADOW = "shadow"               # copies of requests only; no answer of it is seen by a user


class Counting(StrEnum):
    """Whose rules say how measurements become a verdict."""

    NATIVE = "native"
    ARGO = "argo"
    FLAGGER = "flagger"


class Degree(StrEnum):
    """The degree of automation: who may do what."""

    HUMAN_ONLY = "human_only"
    SHADOW_MODE = "shadow_mode"
    AI_ASSISTANCE = "ai_assistance"
    PARTIAL = "partial_automation"
    FULL = "full_automation"


class Unit(StrEnum):
    """What keeps its version during a rollout, and what counts as one in the gates."""

    USER = "user"
    REQUEST = "request"


class GateKind(StrEnum):
    """The test behind a gate."""

    FIXED = "fixed"                 # a number against limits, or a condition
    ERROR_SHARE = "error_share"     # the e-process over whose errors they are
    DIFFERENCE = "difference"       # slice-wise difference with the normal-mixture bound
    RANK_SUM = "rank_sum"           # Kayenta's judge, one look a step
    SRM = "srm"                     # whether the split is the planned one; needs no metric


class Purpose(StrEnum):
    """What a gate does with what it finds."""

    GUARDRAIL = "guardrail"         # a harm rolls back
    SIGNAL = "signal"               # absence of a gain holds


class Arm(StrEnum):
    """Whose requests a metric is counted over."""

    CANDIDATE = "candidate"
    STABLE = "stable"
    BASELINE = "baseline"
    BOTH = "both"


class Worse(StrEnum):
    """In which direction a metric is bad."""

    HIGHER = "higher"
    LOWER = "lower"
    EITHER = "either"


class MetricKind(StrEnum):
    """What a binding counts over the rows of an arm within a window."""

    ERROR_RATE = "error_rate"                   # share of requests that failed
    SUCCESS_RATE = "success_rate"               # the rest of them
    LATENCY_SHARE = "latency_share"             # share of requests slower than `limit`, in ms
    LATENCY_PERCENTILE = "latency_percentile"   # ms, the `percentile`-th
    LATENCY_MEAN = "latency_mean"               # ms
    SCORE_MEAN = "score_mean"
    CTR = "ctr"                                 # clicked, of requests older than the attribution window
    WRONG_SHARE = "wrong_share"                 # predictions that differ from the label, of those with one
    NULL_SHARE = "null_share"                   # answers without a prediction
    DRIFT = "drift"                             # a drift statistic of `column`, candidate against stable
    REQUESTS = "requests"                       # how many
    SQL = "sql"                                 # an expression over the log


WORSE = {MetricKind.SUCCESS_RATE: Worse.LOWER, MetricKind.CTR: Worse.LOWER, MetricKind.SCORE_MEAN: Worse.EITHER,
         MetricKind.REQUESTS: Worse.LOWER}
"""Where it is not higher."""

PROPORTIONS = frozenset({MetricKind.ERROR_RATE, MetricKind.SUCCESS_RATE, MetricKind.LATENCY_SHARE, MetricKind.CTR,
                         MetricKind.WRONG_SHARE, MetricKind.NULL_SHARE})
"""Metrics that are shares of rows: counts say all about them."""

DELAYED = frozenset({MetricKind.CTR, MetricKind.WRONG_SHARE})
"""Metrics of outcomes that are known only after the attribution window."""


@dataclass(frozen=True, slots=True)
class Binding:
    """What of the log a gate measures.

    window_s    seconds back from the moment of measuring; 0: since the measurement before
    limit       of LATENCY_SHARE, in ms
    percentile  of LATENCY_PERCENTILE, above 0 and below 100
    column      of DRIFT, by its name in the log
    sql         of SQL
    scale       the measured number times this is the one that conditions see: 100 where they are in percent
    worse       the bad direction where it is not that of the metric
    """

    metric: MetricKind
    window_s: float = 0.0
    arm: Arm = Arm.CANDIDATE
    limit: float | None = None
    percentile: float = 99.0
    column: str = ""
    sql: str = ""
    scale: float = 1.0
    worse: Worse | None = None

    @property
    def bad_side(self) -> Worse:
        """The direction in which the metric is bad."""
        return self.worse or WORSE.get(self.metric, Worse.HIGHER)


Args = tuple[tuple[str, str], ...]
"""Names and values for `{{args.name}}` in conditions and queries, as Argo has them."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One metric that is measured again and again, and what becomes of the measurements.

    template        the group it is asked for by (Argo's AnalysisTemplate); "" is the plan's own, always in force
    interval_s      seconds between measurements; None: one only (imported), or the plan's `check_every_s` (native)
    count           completed measurements until it ends; None: one without an interval, else as long as it may
    success, failure    conditions over `result`, in Argo's words; "" where there is none
    at_least, at_most   limits of the measured number, both inclusive: what lies outside is a failure
    failure_limit   Failed when more measurements than this failed; -1: never
    inconclusive_limit, consecutive_error_limit     likewise: more than
    consecutive_success_limit   Successful after so many in a row; 0: off
    margin          tolerated harm in the unit of the metric; of ERROR_SHARE and of RANK_SUM as a share of the stable
    alpha           of this gate alone; None: its part of the plan's
    min_sample      candidate requests before it says anything; None: the plan's; imported gates have 0
    dry_run         measured and shown, never counts
    provider, query, address    what the tool that it came from would have asked, and whom
    """

    name: str
    kind: GateKind = GateKind.FIXED
    purpose: Purpose = Purpose.GUARDRAIL
    binding: Binding | None = None
    template: str = ""
    interval_s: float | None = None
    initial_delay_s: float = 0.0
    count: int | None = None
    success: str = ""
    failure: str = ""
    at_least: float | None = None
    at_most: float | None = None
    failure_limit: int = 0
    inconclusive_limit: int = 0
    consecutive_error_limit: int = 4
    consecutive_success_limit: int = 0
    margin: float = 0.0
    alpha: float | None = None
    min_sample: int | None = None
    dry_run: bool = False
    provider: str = ""
    query: str = ""
    address: str = ""

    @property
    def runnable(self) -> bool:
        """Whether there is something in the log for it to measure."""
        return self.provider != MISSING and (self.binding is not None or self.kind is GateKind.SRM)

    @property
    def measurements(self) -> int | None:
        """How many completed measurements it takes by itself; None: as many as it may."""
        if self.count is not None and self.count > 0:
            return self.count
        return 1 if self.interval_s is None else None


@dataclass(frozen=True, slots=True)
class Analysis:
    """Gates that run together, asked for by the names of their templates; the worst verdict is that of the run.

    dry_run     names of gates that count for nothing here, with `*` for any text
    cluster     templates that are ClusterAnalysisTemplates
    starting_step   of a background analysis: it starts with this step
    """

    templates: tuple[str, ...]
    args: Args = ()
    dry_run: tuple[str, ...] = ()
    cluster: tuple[str, ...] = ()
    starting_step: int = 0


# ---- routes ----------------------------------------------------------------------------------------------------

class MatchKind(StrEnum):
    """How a text is compared."""

    EXACT = "exact"
    PREFIX = "prefix"
    REGEX = "regex"


@dataclass(frozen=True, slots=True)
class TextMatch:
    """A text and how it is compared."""

    kind: MatchKind
    text: str


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """A header by its name."""

    header: str
    value: TextMatch


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """Requests that fulfil all that is given."""

    method: TextMatch | None = None
    path: TextMatch | None = None
    headers: tuple[HeaderMatch, ...] = ()


# ---- steps -----------------------------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class SetWeight:
    """The candidate gets so many percent of the requests from now on; the next step follows at once."""

    percent: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Waits; `None` until somebody promotes, 0 is over at once."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Bake:
    """The weight stays for so long, and until the candidate had its least number of requests; gates go on.

    min_sample  candidate requests since the step began; None: the plan's
    passes      this many checks must pass as well (Flagger's tick: 1)
    """

    seconds: float
    min_sample: int | None = None
    passes: int = 0


@dataclass(frozen=True, slots=True)
class AnalysisStep:
    """Waits for a run: Failed and Error abort, Inconclusive pauses."""

    analysis: Analysis


@dataclass(frozen=True, slots=True)
class ExperimentArm:
    """A fresh copy of stable (a baseline) or of the candidate beside the live ones.

    weight  percent of the requests; None: it gets none
    """

    name: str
    spec: Arm
    weight: float | None = None
    replicas: int | None = None


@dataclass(frozen=True, slots=True)
class ExperimentAnalysis:
    """An analysis within an experiment."""

    name: str
    template: str
    required: bool = False
    args: Args = ()
    cluster: bool = False


@dataclass(frozen=True, slots=True)
class Experiment:
    """Copies side by side for a time, with analyses over them. seconds None: until its required analyses end."""

    arms: tuple[ExperimentArm, ...]
    seconds: float | None = None
    analyses: tuple[ExperimentAnalysis, ...] = ()
    dry_run: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetCanaryScale:
    """How many copies of the candidate run; exactly one is given. Nothing of it is in a log of requests."""

    replicas: int | None = None
    weight: float | None = None
    match_traffic_weight: bool = False


@dataclass(frozen=True, slots=True)
class SetHeaderRoute:
    """Requests with one of these headers go to the candidate; without a match the route of that name is removed."""

    name: str
    match: tuple[HeaderMatch, ...] = ()

    @property
    def removes(self) -> bool:
        """Whether it takes the route away."""
        return not self.match


@dataclass(frozen=True, slots=True)
class SetMirrorRoute:
    """Copies of requests go to the candidate too, and its answers are thrown away.

    percent     of the matching requests; None: the route of that name is removed
    match       any of them; none given: all requests
    """

    name: str
    percent: float | None = None
    match: tuple[RouteMatch, ...] = ()

    @property
    def removes(self) -> bool:
        """Whether it takes the route away."""
        return self.percent is None


@dataclass(frozen=True, slots=True)
class Plugin:
    """A step of a program of its own; it cannot run here.

    config      JSON, as text
    agreed      the user agrees that it counts as successful at once
    """

    name: str
    config: str = ""
    agreed: bool = False


Step = (SetWeight | Pause | Bake | AnalysisStep | Experiment | SetCanaryScale | SetHeaderRoute | SetMirrorRoute
        | Plugin)


def without_effect(step: Step) -> str:
    """Why a step changes nothing in a replay; "" where it does."""
    match step:
        case SetCanaryScale():
            return "No effect in a replay: a log of requests does not show how many copies ran"
        case SetHeaderRoute():
            return "No effect in a replay: the headers of the requests are not in the log"
        case Plugin(agreed=True):
            return "No effect in a replay: it counts as successful at once, as agreed"
        case Plugin():
            return "Cannot run here: it is a program of its own"
        case _:
            return ""


# ---- the whole -------------------------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class FlaggerTiming:
    """What Flagger knows of a plan and its steps do not say; kept so that it can be written again.

    threshold       rolled back when so many checks failed, on the tick after
    iterations      of an A/B test or blue/green; 0: a canary
    """

    interval_s: float = 60.0
    threshold: int = 1
    max_weight: float = 100.0
    step_weight: float | None = None
    step_weights: tuple[float, ...] = ()
    step_weight_promotion: float | None = None
    iterations: int = 0
    mirror: bool = False
    mirror_weight: float | None = None
    match: tuple[RouteMatch, ...] = ()
    session_affinity: bool = False
    skip_analysis: bool = False
    webhooks: tuple[tuple[str, str], ...] = ()      # name and type; confirm-* wait for a person


@dataclass(frozen=True, slots=True)
class Plan:
    """A rollout as it is meant to go.

    steps               walked in order; after the last the candidate gets all requests
    gates               all of them; which one is asked when is said by `background`, by steps, and by `Gate.template`
    background          runs while steps are walked and is cancelled when the last one ends
    pre_promotion, post_promotion   of blue/green before the switch; of any plan after it, before it is final
    auto_promotion      of blue/green: whether the switch waits for no person
    auto_promotion_s    it waits so long for one, then switches by itself; None: as `auto_promotion` says
    seed, salt          of the draws of a replay; of the routing ("": drawn anew for each rollout from the seed)
    attribution_s       outcomes are judged when their request is so old
    max_hold_s          a hold becomes an abort after so long; None: never
    keep_old_s          the old version stays ready so long after promotion
    name, degree, unit, alpha, min_sample, min_errors, check_every_s    as their types and constants say
    """

    name: str
    kind: Kind = Kind.CANARY
    steps: tuple[Step, ...] = ()
    gates: tuple[Gate, ...] = ()
    background: Analysis | None = None
    pre_promotion: Analysis | None = None
    post_promotion: Analysis | None = None
    auto_promotion: bool = True
    auto_promotion_s: float | None = None
    counting: Counting = Counting.NATIVE
    degree: Degree = Degree.AI_ASSISTANCE
    unit: Unit = Unit.USER
    seed: int = 0
    salt: str = ""
    alpha: float = ALPHA
    min_sample: int = MIN_SAMPLE
    min_errors: int = MIN_ERRORS
    check_every_s: float = CHECK_EVERY_S
    attribution_s: float = 0.0
    max_hold_s: float | None = None
    keep_old_s: float = 30.0
    flagger: FlaggerTiming | None = None
    sentence: str = ""
    defaults: tuple[tuple[str, Args], ...] = ()     # of the arguments of each template

    def gates_of(self, analysis: Analysis | None) -> tuple[Gate, ...]:
        """The gates of an analysis, in the order of its templates, with arguments filled in and dry runs marked."""
        if analysis is None:
            return ()
        return tuple(self._as_asked(gate, analysis) for name in analysis.templates for gate in self.gates
                     if gate.template == name)

    def own_gates(self) -> tuple[Gate, ...]:
        """Gates that are in force as long as a candidate has traffic."""
        return tuple(gate for gate in self.gates if not gate.template)

    def background_gates(self) -> tuple[Gate, ...]:
        """Gates that are measured beside the steps: the plan's own, and those of the background analysis."""
        return self.own_gates() + self.gates_of(self.background)

    def unbound(self) -> tuple[Gate, ...]:
        """Gates that cannot run: with one of them the plan loads, and does not start."""
        return tuple(gate for gate in self.gates if not gate.runnable)

    def weight_at(self, index: int) -> float:
        """Percent of the requests in force at a step: that of the last SetWeight up to it, 0 without one."""
        return next((step.percent for step in reversed(self.steps[:index + 1]) if isinstance(step, SetWeight)), 0.0)

    def analyses(self) -> Iterator[tuple[int | None, Analysis]]:
        """Every analysis with the index of its step (None: not a step's)."""
        for analysis in (self.background, self.pre_promotion, self.post_promotion):
            if analysis is not None:
                yield None, analysis
        for index, step in enumerate(self.steps):
            if isinstance(step, AnalysisStep):
                yield index, step.analysis
            elif isinstance(step, Experiment):
                for each in step.analyses:
                    cluster = (each.template,) if each.cluster else ()
                    yield index, Analysis((each.template,), each.args, step.dry_run, cluster)

    def _as_asked(self, gate: Gate, analysis: Analysis) -> Gate:
        given = dict(next((args for name, args in self.defaults if name == gate.template), ())) | dict(analysis.args)
        dry = gate.dry_run or any(_like(gate.name, pattern) for pattern in analysis.dry_run)
        return replace(gate, success=filled(gate.success, given), failure=filled(gate.failure, given),
                       query=filled(gate.query, given), dry_run=dry)


def filled(text: str, args: Mapping[str, str]) -> str:
    """A text with `{{args.name}}` replaced, for the names that are given."""
    return re.sub(r"\{\{\s*args\.([\w-]+)\s*\}\}", lambda found: args.get(found[1], found[0]), text)


def _like(name: str, pattern: str) -> bool:
    return pattern in ("*", ".*") or pattern == name or (pattern.endswith("*")
                                                         and name.startswith(pattern.rstrip("*").rstrip(".")))
