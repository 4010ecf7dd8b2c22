"""Plans made at random: what a plan can say, and nothing that is refused."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from console.rollout.plan import (
    Analysis,
    AnalysisStep,
    Arm,
    Bake,
    Binding,
    Degree,
    Experiment,
    ExperimentAnalysis,
    ExperimentArm,
    Gate,
    GateKind,
    HeaderMatch,
    Kind,
    MatchKind,
    MetricKind,
    Pause,
    Plan,
    Plugin,
    Purpose,
    RouteMatch,
    SetCanaryScale,
    SetHeaderRoute,
    SetMirrorRoute,
    SetWeight,
    TextMatch,
    Unit,
    Worse,
)

NAMES = st.text("abcxyz-09", min_size=1, max_size=8).map(lambda text: f"n{text}")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SECONDS = st.integers(0, 10**6).map(float)
ODD_SECONDS = st.one_of(SECONDS, st.floats(1e-6, 1e6))
PERCENT = st.integers(0, 100).map(float)
CONDITIONS = st.sampled_from(["result[0] >= 0.95", "result < 2", "len(result) > 0 && result[0] <= 0.5"])
ARGS = st.dictionaries(NAMES, TEXTS, max_size=2).map(lambda found: tuple(found.items()))
MATCHES = st.builds(TextMatch, st.sampled_from(MatchKind), TEXTS)
HEADERS = st.builds(HeaderMatch, NAMES, MATCHES)
# the headers of a match are a table: each stands in it once
ROUTES = st.builds(RouteMatch, MATCHES, st.none() | MATCHES,
                   st.lists(HEADERS, max_size=2, unique_by=lambda each: each.header).map(tuple))

BINDINGS = st.builds(Binding, st.just(MetricKind.LATENCY_SHARE), ODD_SECONDS, st.sampled_from(Arm),
                     st.floats(1, 1e4), st.floats(1, 99), st.just(""), st.just(""), st.sampled_from([1.0, 100.0]),
                     st.sampled_from([None, *Worse]))


def steps(templates: list[str]) -> st.SearchStrategy[object]:
    """Any step; analyses ask for these templates."""
    plain = st.one_of(
        st.builds(SetWeight, PERCENT), st.builds(Pause, st.none() | SECONDS),
        st.builds(SetMirrorRoute, NAMES, PERCENT, st.lists(ROUTES, min_size=1, max_size=2).map(tuple)),
        st.builds(SetMirrorRoute, NAMES), st.builds(SetHeaderRoute, NAMES, st.lists(HEADERS, max_size=2).map(tuple)),
        st.builds(SetCanaryScale, st.integers(0, 9)), st.just(SetCanaryScale(match_traffic_weight=True)),
        st.builds(SetCanaryScale, st.none(), PERCENT),
        st.builds(Plugin, NAMES, st.sampled_from(["", '{"a": [1, 2]}'])))
    if not templates:
        return plain
    named = st.lists(st.sampled_from(templates), min_size=1, max_size=2, unique=True).map(tuple)
    return plain | st.one_of(
        st.builds(AnalysisStep, st.builds(Analysis, named, ARGS, st.lists(NAMES, max_size=1).map(tuple))),
        st.builds(Experiment, st.lists(st.builds(
            ExperimentArm, NAMES, st.sampled_from([Arm.STABLE, Arm.CANDIDATE]), st.none() | st.just(5.0),
            st.none() | st.integers(1, 3)), min_size=1, max_size=2, unique_by=lambda arm: arm.name).map(tuple),
            st.none() | SECONDS, st.lists(st.builds(
                ExperimentAnalysis, NAMES, st.sampled_from(templates), st.booleans(), ARGS),
                max_size=2, unique_by=lambda each: each.name).map(tuple)))


@st.composite
def argo_like(draw: st.DrawFn, seconds: st.SearchStrategy[float] = SECONDS) -> Plan:
    """Plans that Argo can express."""
    from console.rollout.plan import Counting

    templates = draw(st.lists(NAMES, max_size=3, unique=True))
    gates = []
    for template in templates:
        for name in draw(st.lists(NAMES, min_size=1, max_size=2, unique=True)):
            interval = draw(st.none() | seconds.filter(bool))
            gates.append(Gate(
                name, template=template, interval_s=interval, initial_delay_s=draw(seconds),
                count=draw(st.none() | st.integers(1, 99)) if interval is not None else None,
                success=draw(st.just("") | CONDITIONS), failure=draw(st.just("") | CONDITIONS),
                failure_limit=draw(st.integers(-1, 9)), inconclusive_limit=draw(st.integers(0, 3)),
                consecutive_error_limit=draw(st.integers(0, 9)), consecutive_success_limit=draw(st.integers(0, 3)),
                provider="prometheus", query=draw(TEXTS)))
    analysis = st.none()
    if templates:
        analysis = st.none() | st.builds(Analysis, st.lists(st.sampled_from(templates), min_size=1, max_size=2,
                                                            unique=True).map(tuple), ARGS)
    if draw(st.booleans()):
        return Plan(draw(NAMES), Kind.BLUE_GREEN, gates=tuple(gates), pre_promotion=draw(analysis),
                    post_promotion=draw(analysis), auto_promotion=draw(st.booleans()),
                    auto_promotion_s=draw(st.none() | st.integers(0, 999).map(float)), counting=Counting.ARGO,
                    keep_old_s=draw(st.integers(0, 999).map(float)), min_sample=0, min_errors=0)
    walked = tuple(draw(st.lists(steps(templates), max_size=6)))
    background = draw(analysis)
    if background is not None:
        background = replace(background, starting_step=draw(st.integers(0, len(walked))))
    return Plan(draw(NAMES), steps=walked, gates=tuple(gates), background=background, counting=Counting.ARGO,
                min_sample=0, min_errors=0)


@st.composite
def any_plan(draw: st.DrawFn) -> Plan:
    """Plans of ours, with all that Argo has not."""
    plan = draw(argo_like(ODD_SECONDS))
    own = tuple(draw(st.lists(st.one_of(
        st.builds(Gate, NAMES, st.sampled_from([GateKind.DIFFERENCE, GateKind.ERROR_SHARE, GateKind.RANK_SUM]),
                  st.sampled_from(Purpose), st.none() | BINDINGS, margin=st.floats(0, 1),
                  alpha=st.none() | st.floats(0.001, 0.5), min_sample=st.none() | st.integers(0, 999),
                  dry_run=st.booleans()),
        st.builds(Gate, NAMES, binding=BINDINGS, at_most=st.floats(-1e9, 1e9))),
        max_size=3, unique_by=lambda gate: gate.name)))
    bakes = tuple(draw(st.lists(st.builds(Bake, ODD_SECONDS, st.none() | st.integers(0, 999), st.integers(0, 2)),
                                max_size=2)))
    return replace(plan, gates=plan.gates + own, steps=plan.steps + bakes, degree=draw(st.sampled_from(Degree)),
                   unit=draw(st.sampled_from(Unit)), seed=draw(st.integers(0, 2**31)), salt=draw(TEXTS),
                   alpha=draw(st.floats(0.001, 0.5)), min_sample=draw(st.integers(0, 999)),
                   max_hold_s=draw(st.none() | ODD_SECONDS), attribution_s=draw(ODD_SECONDS), sentence=draw(TEXTS),
                   defaults=draw(st.just(()) | st.builds(lambda name, args: ((name, args),), NAMES, ARGS)))
