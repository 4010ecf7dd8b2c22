"""Rehearsals over the log of a session: rows in, a replay or a what-if out, and both kept in the workspace."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from console import clock
from console.errors import BadSettings
from console.jobs import Job
from console.rollout.arms import ArmComparison, compare_arms
from console.rollout.operators import Operator
from console.rollout.outcomes import HARMS, Harm, Outcomes, Requests, Source, Split, chosen, judged_source, spoiled
from console.rollout.plan import MetricKind, Plan
from console.rollout.replay import Replay
from console.rollout.view import RolloutView
from console.rollout.viewed import view_of
from console.rollout.what_if import RUNS, WhatIf, what_if
from console.rollout.written import as_toml
from console.store.rollouts import KeptEvent, KeptRollout
from console.window import Window

if TYPE_CHECKING:
    from console.store import Workspace
    from console.store.rollout_rows import RolloutRows


@dataclass(frozen=True, slots=True)
class Setup:
    """What is rehearsed on what.

    source          None: randomised where a candidate is named, else synthetic
    stable, candidate   versions in the log; "" of a log of one version
    probability     of the candidate, as somebody declares it; the column of the log else
    declared_random somebody declares that chance chose the version, with whatever shares the log has
    harm            of a synthetic candidate
    window          None: the whole log; of a randomised one from the first request of the candidate on
    """

    plan: Plan
    source: Source | None = None
    stable: str = ""
    candidate: str = ""
    probability: float | None = None
    declared_random: bool = False
    split: Split = Split.PLAN
    harm: Harm = HARMS[0]
    window: Window | None = None
    seed: int | None = None
    operator: Operator | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A replay that is ready to start, or has run; why: what its source of outcomes rests on."""

    setup: Setup
    replay: Replay
    why: str

    @property
    def view(self) -> RolloutView:
        """As it is now."""
        return view_of(self.replay)

    def comparison(self) -> tuple[ArmComparison, ...]:
        """Of the versions of the log, over all of it."""
        return compare_arms(self.replay.requests, attribution_s=self.setup.plan.attribution_s)


def harm_of(text: str) -> Harm:
    """A harm by its name (`errors x5`), or by what it changes: `errors_times=5,latency_add_ms=20`. Raises
    BadSettings."""
    named = next((harm for harm in HARMS if harm.name == text), None)
    if named is not None:
        return named
    fields = {name for name in Harm.__dataclass_fields__ if name != "name"}
    found: dict[str, float] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        try:
            if not equals or name.strip() not in fields:
                raise ValueError
            found[name.strip()] = float(value)
            if not math.isfinite(found[name.strip()]):
                raise ValueError
        except ValueError:
            raise BadSettings(f"`{part[:60]}` is no harm", do="Choose " + ", ".join(harm.name for harm in HARMS)
                              + "; or write one, as in errors_times=3,latency_times=1.5") from None
    return Harm(text, **found)


def prepare(store: Workspace, setup: Setup, job: Job) -> Prepared:
    """Read the log and add it up; nothing has started. Raises BadSettings. For a worker."""
    setup = _with_versions(store, setup)
    requests, why = requests_of(store, setup, job)
    plan = setup.plan
    job.report(2, 3, "Adding the requests up")
    start = None if setup.window is None else setup.window.start_s
    if setup.window is None and requests.source in (Source.RANDOMISED, Source.CONFOUNDED) and requests.arm is not None:
        met = np.flatnonzero(requests.arm == 1)
        start = float(requests.at[met[0]]) if len(met) else None
    replay = Replay(plan, requests, seed=setup.seed, start_s=start,
                    end_s=None if setup.window is None else setup.window.end_s, split=setup.split,
                    stable=setup.stable or "stable", candidate=setup.candidate or "candidate", operator=setup.operator)
    job.report(3, 3, "Adding the requests up")
    return Prepared(setup, replay, why)


def run(rehearsal: Prepared, job: Job) -> None:
    """From its start to its end, or to that of the log. For a worker."""
    def told(done: int, total: int) -> None:
        job.report(done, total, "Replaying")
        job.stop_if_asked()

    rehearsal.replay.run(stop_if_asked=told)


def try_out(store: Workspace, setup: Setup, job: Job, *, runs: int = RUNS,
            harms: tuple[Harm, ...] = HARMS) -> WhatIf:
    """The plan many times over the log, for each harm. Raises BadSettings. For a worker."""
    if setup.source not in (None, Source.SYNTHETIC):
        raise BadSettings("A what-if makes its own candidates", do="Leave the source out")
    setup = _with_versions(store, replace(setup, source=Source.SYNTHETIC, harm=HARMS[0]))
    requests, _ = requests_of(store, setup, job)
    plan = setup.plan

    def told(done: int, total: int) -> None:
        job.report(done, total, "Trying the plan out")
        job.stop_if_asked()

    found = what_if(plan, requests, runs=runs, harms=harms, seed=plan.seed if setup.seed is None else setup.seed,
                    operator=setup.operator, on_progress=told)
    return replace(found, of=f"Only the {len(requests):,} requests of {setup.stable} are used: the log has other "
                             "versions too." if setup.stable else "")


def requests_of(store: Workspace, setup: Setup, job: Job) -> tuple[Requests, str]:
    """The rows of the log with the outcomes of both versions, and what the source rests on. For a worker."""
    job.report(0, 3, "Reading the requests")
    source = setup.source or (Source.RANDOMISED if setup.candidate else Source.SYNTHETIC)
    rows = store.rollout_rows(setup.window, stable=setup.stable, candidate=setup.candidate,
                              wanted=_wanted(setup.plan, source))
    job.stop_if_asked()
    if rows is None:
        raise BadSettings("There are no requests with a time in this log", do="Choose another log or another window")
    job.report(1, 3, "Reading the requests")
    logged = _outcomes(rows)
    plain = Requests(rows.at, rows.user, rows.users, logged, logged, Source.SYNTHETIC, key=rows.key)
    match source:
        case Source.SYNTHETIC:
            seed = setup.plan.seed if setup.seed is None else setup.seed
            if not setup.stable:
                return spoiled(plain, setup.harm, seed), f"The candidate is made from the log: {setup.harm.name}."
            own = chosen(plain, rows.arm == 0)
            if not len(own):
                raise BadSettings(f"No request of {setup.stable} is in the log", do="Choose a version that it has")
            return spoiled(own, setup.harm, seed), (
                f"The candidate is made from the requests of {setup.stable}: {setup.harm.name}. The log has other "
                f"versions too; {len(own) / len(plain):.1%} of its requests are used.")
        case Source.PAIRED:
            shadow = Outcomes(score=rows.get("shadow_score"), empty=rows.get("shadow_empty"),
                              wrong=rows.get("shadow_wrong"), wrong_at=rows.get("wrong_at"))
            if shadow.score is None:
                raise BadSettings("The log has no answers of a shadow", do="Give the column the role shadow prediction")
            return replace(plain, candidate=shadow, source=Source.PAIRED), "Both answers stand in the log."
        case _:
            if not (rows.arm == 1).any():
                raise BadSettings(f"No request of {setup.candidate or 'the candidate'} is in the log",
                                  do="Choose a version that the log has")
            known = rows.get("probability")
            if setup.probability is not None:
                known = np.full(len(rows.at), setup.probability)
            judged, why = judged_source(rows.arm, known, declared_random=setup.declared_random)
            if setup.probability is not None and judged is Source.RANDOMISED:
                why = f"It is declared that the candidate has each request with probability {setup.probability:g}."
            return replace(plain, arm=rows.arm, probability=known, source=judged), why


SHOWN = ("failed", "latency_ms", "clicked", "clicked_at")
NEEDED = {MetricKind.SCORE_MEAN: ("score",), MetricKind.NULL_SHARE: ("empty",),
          MetricKind.WRONG_SHARE: ("wrong", "wrong_at")}
"""Columns of what is shown of any rehearsal, and of what gates measure beside it."""


def _wanted(plan: Plan, source: Source) -> set[str]:
    """The columns of the log that a plan needs, and what harms could change."""
    found = {*SHOWN, *(name for gate in plan.gates if gate.binding is not None
                       for name in NEEDED.get(gate.binding.metric, ()))}
    if source is Source.PAIRED:
        found |= {"score", "empty", "wrong", "wrong_at", "shadow_score", "shadow_empty", "shadow_wrong"}
    return found | ({"probability"} if source is Source.RANDOMISED else set())


def _outcomes(rows: RolloutRows) -> Outcomes:
    return Outcomes(failed=rows.get("failed"), latency_ms=rows.get("latency_ms"), score=rows.get("score"),
                    empty=rows.get("empty"), clicked=rows.get("clicked"), clicked_at=rows.get("clicked_at"),
                    wrong=rows.get("wrong"), wrong_at=rows.get("wrong_at"))


def _with_versions(store: Workspace, setup: Setup) -> Setup:
    """The stable version is the one that most requests have, where only the candidate is named; and where a candidate
    is made from the log, and the log has several versions."""
    if setup.stable or setup.source is Source.PAIRED:
        return setup
    if setup.source is Source.SYNTHETIC or not setup.candidate:
        found = store.versions(setup.window)
        return replace(setup, stable=max(found, key=lambda row: row[1])[0]) if len(found) > 1 else setup
    others = [row for row in store.versions(setup.window) if row[0] != setup.candidate]
    if not others:
        raise BadSettings(f"The log has no other version than {setup.candidate}", do="Choose another log")
    return replace(setup, stable=max(others, key=lambda row: row[1])[0])


# ---- keeping ---------------------------------------------------------------------------------------------------

def keep_replay(store: Workspace, rehearsal: Prepared) -> int:
    """Its number in the table `rollouts`; its audit log goes to `rollout_events`."""
    replay, setup = rehearsal.replay, rehearsal.setup
    blast = replay.blast()
    ended = replay.log[-1].at if replay.state.ending is not None and replay.log else None
    kept = KeptRollout(
        _now_us(), "replay", setup.plan.name, as_toml(setup.plan), replay.requests.source.value, setup.split.value,
        replay.seed, replay.stable, replay.candidate, round(replay.start_s * 1e6), round(replay.end_s * 1e6),
        replay.state.ending.value if replay.state.ending else "", None if ended is None else round(ended * 1e6),
        blast.requests, blast.users, _finite(blast.excess_errors), _finite(blast.clicks_lost),
        msgspec.json.encode({"why": replay.state.why, "of_requests": blast.of_requests,
                             "errors": _finite(blast.errors), "harm": setup.harm.name}).decode())
    return store.keep_rollout(kept, [
        KeptEvent(entry.number, round(entry.at * 1e6), entry.who, entry.what, entry.sentence,
                  msgspec.json.encode(dict(entry.changes)).decode()) for entry in replay.log])


def keep_what_if(store: Workspace, setup: Setup, found: WhatIf, window: Window) -> int:
    """Its number in the table `rollouts`."""
    return store.keep_rollout(KeptRollout(
        _now_us(), "what-if", found.plan, as_toml(setup.plan), Source.SYNTHETIC.value, Split.PLAN.value, found.seed,
        "stable", "candidate", round(window.start_s * 1e6), round(window.end_s * 1e6), "", None, None, None, None, None,
        msgspec.json.encode(as_document(found)).decode()), ())


def as_document(found: WhatIf) -> dict[str, Any]:
    """A what-if for JSON."""
    return {"plan": found.plan, "runs": found.runs, "seed": found.seed, "requests_per_s": found.requests_per_s,
            "block_s": found.block_s, "left_out": list(found.left_out), "sentences": list(found.sentences),
            "results": [{
                "harm": each.harm, "runs": each.runs, "aborted": each.aborted, "promoted": each.promoted,
                "unfinished": each.unfinished, "aborted_share": each.aborted_share,
                "aborted_share_interval": [each.share_low, each.share_high],
                **{name: [_finite(part) for part in (one.low, one.median, one.high)] for name, one in (
                    ("minutes_to_abort", each.minutes), ("candidate_requests", each.requests),
                    ("excess_errors", each.excess_errors), ("clicks_lost", each.clicks_lost),
                    ("minutes_to_full", each.to_full))},
                "stopped_by": dict(each.stopped_by)} for each in found.results]}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _now_us() -> int:
    return round(clock.now().timestamp() * 1e6)
