"""`pilothouse rollout replay` and `what-if`: a plan over the logged traffic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.commands.common import AsJson, Fresh, iso, opened, print_json, say, terminal_job, window_of
from console.commands.rollout import Bindings, Chosen, PlanName, Templates, the_plan
from console.errors import BadSettings
from console.window import from_epoch

if TYPE_CHECKING:
    from console.rollout.operators import Operator
    from console.rollout.plan import Plan
    from console.session.rollouts import Prepared

Logs = Annotated[Path, typer.Option(metavar="WORKSPACE|FOLDER", help="The log that it runs over.")]
Seed = Annotated[int | None, typer.Option(help="Of the users' order and of all draws; that of the plan else.")]
Start = Annotated[str | None, typer.Option("--from", help="Start at that time of the log.")]
End = Annotated[str | None, typer.Option("--to", help="End there.")]
How = Annotated[str | None, typer.Option("--degree", help="The degree of automation, in place of the plan's.")]
Reaction = Annotated[str | None, typer.Option(
    "--operator", metavar="SECONDS", help="A person who does what is advised, after so long.")]


def replay(plan: PlanName, logs: Logs, seed: Seed = None,
           harm: Annotated[str, typer.Option(help="How a synthetic candidate is spoiled: `errors x5`, or "
                                                  "`errors_times=5,latency_times=1.2`.")] = "identical",
           source: Annotated[str | None, typer.Option(help="synthetic, randomised or paired.")] = None,
           candidate: Annotated[str, typer.Option(help="The version of the log that is the candidate.")] = "",
           stable: Annotated[str, typer.Option(help="The one that is stable; the most frequent other else.")] = "",
           probability: Annotated[float | None, typer.Option(
               help="Declare that each request had the candidate with this probability.")] = None,
           random: Annotated[bool, typer.Option("--random", help="Declare that chance chose the version.")] = False,
           split: Annotated[str, typer.Option(help="plan: its weights; logged: who really had the "
                                                   "candidate.")] = "plan",
           start: Start = None, end: End = None, degree: How = None, operator: Reaction = None,
           templates: Templates = None, bind: Bindings = None, name: Chosen = "", fresh: Fresh = False,
           json: AsJson = False) -> None:
    """Go through a log under a plan: what its gates would have said, and whom a candidate would have met."""
    from console.rollout.outcomes import Source, Split
    from console.session import rollouts

    made, notes = the_plan(plan, templates, bind, name)
    made = _with_degree(made, degree)
    sources = [each.value for each in Source if each is not Source.CONFOUNDED]
    if source is not None and source not in sources:
        raise BadSettings(f"`{source[:60]}` is no source of outcomes", do=f"Choose {', '.join(sources)}")
    if split not in list(Split):
        raise BadSettings(f"`{split[:60]}` is no split", do="Choose plan or logged")
    if probability is not None and not 0 < probability < 1:
        raise BadSettings(f"A probability lies between 0 and 1, got {probability:g}", do="Give one such as 0.5")
    with opened(logs, fresh=fresh) as session, terminal_job() as job:
        window = window_of(start, end, session=session) if start or end else None
        setup = rollouts.Setup(made, Source(source) if source else None, stable, candidate, probability, random,
                               Split(split), rollouts.harm_of(harm), window, seed, _operator(operator))
        found = rollouts.prepare(session.store, setup, job)
        rollouts.run(found, job)
        number = rollouts.keep_replay(session.store, found)
        relative = session.store.relative
    if json:
        print_json(_document(found, number, relative) | {"notes": [str(note) for note in notes]})
        return
    for note in notes:
        say(str(note))
    _tell(found, relative)


def what_if(plan: PlanName, logs: Logs, seed: Seed = None,
            runs: Annotated[int, typer.Option(min=1, max=100_000, help="So many for each harm.")] = 1000,
            harm: Annotated[list[str] | None, typer.Option(help="A harm; may be given again. All six by "
                                                                "default.")] = None,
            start: Start = None, end: End = None, degree: How = None, operator: Reaction = None,
            templates: Templates = None, bind: Bindings = None, name: Chosen = "", fresh: Fresh = False,
            json: AsJson = False) -> None:
    """Try a plan many times over a log: how often it stops a good candidate, and how soon a bad one."""
    from console.rollout.outcomes import HARMS
    from console.session import rollouts

    made, notes = the_plan(plan, templates, bind, name)
    made = _with_degree(made, degree)
    harms = tuple(rollouts.harm_of(each) for each in harm) if harm else HARMS
    with opened(logs, fresh=fresh) as session, terminal_job() as job:
        window = window_of(start, end, session=session)
        setup = rollouts.Setup(made, seed=seed, window=window if start or end else None, operator=_operator(operator))
        found = rollouts.try_out(session.store, setup, job, runs=runs, harms=harms)
        number = rollouts.keep_what_if(session.store, setup, found, window)
    if json:
        print_json({"rollout": number} | rollouts.as_document(found) | {"notes": [str(note) for note in notes]})
        return
    for note in notes:
        say(str(note))
    for sentence in found.sentences:
        typer.echo(sentence)
    if found.of:
        say(found.of)
    if found.left_out:
        say(f"Not tried, because a run makes its own split: {', '.join(found.left_out)}")


def _with_degree(plan: Plan, degree: str | None) -> Plan:
    from dataclasses import replace

    from console.rollout.plan import Degree

    if degree is None:
        return plan
    named = {each.value.replace("_", " "): each for each in Degree} | {each.value: each for each in Degree}
    named |= {"full": Degree.FULL, "partial": Degree.PARTIAL}
    if degree not in named:
        raise BadSettings(f"`{degree[:60]}` is no degree of automation",
                          do=f"Choose {', '.join(each.value.replace('_', ' ') for each in Degree)}")
    return replace(plan, degree=named[degree])


def _operator(text: str | None) -> Operator | None:
    from console.metrics.grid import parse_length
    from console.rollout.operators import Operator

    if text is None:
        return None
    return Operator(float(text) if text.replace(".", "", 1).isdigit() else float(parse_length(text)))


def _document(found: Prepared, number: int, relative: bool) -> dict[str, Any]:
    view, made = found.view, found.setup

    def at(seconds: float) -> str | None:
        return iso(from_epoch(seconds), relative=relative)

    return {
        "rollout": number, "plan": view.plan, "source": view.source, "source_rests_on": found.why,
        "split": made.split, "seed": found.replay.seed, "stable": found.replay.stable,
        "candidate": found.replay.candidate, "start": at(view.start), "end": at(view.end), "clock": at(view.clock),
        "standing": view.standing, "ending": view.ending, "why": view.why or None, "advice": view.advice or None,
        "waits_for": view.waits_for or None, "kept_share": view.kept_share, "sticky": view.sticky,
        "weights": [{"at": at(when), "live": live, "mirror": mirror} for when, live, mirror in zip(
            view.weights.at.tolist(), view.weights.live.tolist(), view.weights.mirror.tolist(), strict=True)],
        "gates": [{"gate": gate.name, "kind": gate.kind, "metric": gate.metric, "outcome": gate.outcome,
                   "reason": gate.reason or None, "change": gate.change or None, "dry_run": gate.dry_run,
                   "alpha": gate.alpha, "low": gate.low, "high": gate.high, "margin": gate.margin}
                  for gate in view.gates],
        "arms": [{"arm": arm.name, "version": arm.version, "requests": arm.requests} | dict(arm.metrics)
                 for arm in view.arms],
        "comparison": [{"metric": row.metric, "unit": row.unit, "stable": row.stable, "candidate": row.candidate,
                        "n_stable": row.n_stable, "n_candidate": row.n_candidate, "difference": row.difference,
                        "low": row.low, "high": row.high, "sentence": row.sentence} for row in found.comparison()],
        "blast": {"requests": view.blast.requests, "users": view.blast.users, "of_requests": view.blast.of_requests,
                  "errors": view.blast.errors, "excess_errors": view.blast.excess_errors,
                  "clicks_lost": view.blast.clicks_lost, "sentence": view.blast.sentence},
        "log": [{"number": entry.number, "at": at(entry.at), "who": entry.who, "what": entry.what,
                 "sentence": entry.sentence} for entry in view.log],
        "caveats": list(view.caveats)}


def _tell(found: Prepared, relative: bool) -> None:
    view = found.view
    say(f"{view.source_sentence} {found.why}")
    for entry in view.log:
        typer.echo(f"{iso(from_epoch(entry.at), relative=relative)}  {entry.who:<8} {entry.sentence}")
    if view.ending is None:
        typer.echo(f"Not over when the log ended: {view.standing}. {view.waits_for or view.advice}".rstrip())
    for row in found.comparison():
        typer.echo(row.sentence)
    typer.echo(view.blast.sentence)
    for each in view.caveats:
        say(each)

