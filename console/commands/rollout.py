"""`pilothouse rollout`: plans, judged before they run, and written for other tools."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.commands.common import AsJson, Fresh, opened, print_json, say
from console.errors import BadSettings

if TYPE_CHECKING:
    from console.rollout.argo import Note
    from console.rollout.chances import Traffic
    from console.rollout.lint import Remark
    from console.rollout.plan import Plan

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False,
                  help="Plans of rollouts: judge them, and write them for other tools.")

PlanName = Annotated[str, typer.Argument(
    metavar="PLAN", help="A plan: TOML of ours, YAML of Argo Rollouts or Flagger, or the name of a ready plan.")]
Logs = Annotated[Path | None, typer.Option(metavar="WORKSPACE|FOLDER", help="The log that it would run on.")]
Templates = Annotated[list[Path] | None, typer.Option(
    "--templates", metavar="FILE", help="Files with templates that the plan asks for. May be given again.")]
Bindings = Annotated[list[str] | None, typer.Option(
    "--bind", metavar="GATE=METRIC", help="What a gate measures on the log, as in p99={ metric = \"latency_share\", "
                                          "limit_ms = 250 }. May be given again.")]
Chosen = Annotated[str, typer.Option("--name", help="The rollout of a file that holds several.")]


@app.command("lint")
def lint(plan: PlanName, logs: Logs = None, templates: Templates = None, bind: Bindings = None, name: Chosen = "",
         seed: Annotated[int | None, typer.Option(help="As of replay and what-if; no remark depends on it.")] = None,
         fresh: Fresh = False, json: AsJson = False) -> None:
    """What is wrong with a plan; ends with 1 when it should not be run like this."""
    from console.rollout.lint import bad
    from console.rollout.lint import lint as judge

    made, notes = the_plan(plan, templates, bind, name)
    if seed is not None:
        made = replace(made, seed=seed)
    traffic = None
    if logs is not None:
        from console.session.rollout_traffic import traffic_of

        with opened(logs, fresh=fresh) as session:
            traffic = traffic_of(session.store, made)
    remarks = judge(made, traffic)
    if json:
        print_json(_document(made, notes, traffic, remarks))
    else:
        for note in notes:
            say(str(note))
        for remark in remarks:
            where = f"{remark.where}: " if remark.where else ""
            typer.echo(f"{remark.severity:<8} {where}{remark.sentence}"
                       + (f" {remark.do}." if remark.do != "Nothing" else ""))
        counts = Counter(str(remark.severity) for remark in remarks)
        say(f"{made.name}: {counts['error']:,} errors, {counts['warning']:,} warnings, {counts['note']:,} notes"
            + ("" if traffic is not None else "; with --logs FOLDER it is judged at that traffic too"))
    if bad(remarks):
        raise typer.Exit(1)


@app.command("export")
def export(plan: PlanName, to: Annotated[str, typer.Option(help="argo, flagger or toml.")] = "argo",
           out: Annotated[Path | None, typer.Option(help="A file; without one it is printed.")] = None,
           templates: Templates = None, bind: Bindings = None, name: Chosen = "") -> None:
    """Write a plan for another tool, or as TOML of ours."""
    from console.rollout.argo_written import as_argo
    from console.rollout.flagger import as_flagger
    from console.rollout.written import as_toml

    writers = {"argo": as_argo, "flagger": as_flagger, "toml": as_toml}
    if to not in writers:
        raise BadSettings(f"`{to}` is nothing that a plan is written as", do=f"Choose {', '.join(writers)}")
    made, notes = the_plan(plan, templates, bind, name)
    for note in notes:
        say(str(note))
    text = writers[to](made)
    if out is None:
        typer.echo(text, nl=False)
        return
    from console.session.plans import write_text

    write_text(out, text)
    say(f"{made.name} is written to {out}")


@app.command("plans")
def plans(json: AsJson = False) -> None:
    """List the plans that come with the program."""
    from console.rollout.ready import ready_plans

    found = ready_plans()
    if json:
        print_json({"plans": [{"name": each.name, "sentence": each.sentence} for each in found]})
        return
    for each in found:
        typer.echo(f"{each.name:<22} {each.sentence}")


def the_plan(plan: str, templates: list[Path] | None = None, bind: list[str] | None = None,
             name: str = "") -> tuple[Plan, tuple[Note, ...]]:
    """The plan of an argument, with its gates bound, and what is to know about it. Raises BadSettings."""
    from console.rollout.reading import binding_from, bound
    from console.session.plans import find_plan

    found = find_plan(plan, templates or (), name)
    return bound(found.plan, dict(binding_from(text) for text in bind or ())), found.notes


def _document(plan: Plan, notes: tuple[Note, ...], traffic: Traffic | None,
              remarks: tuple[Remark, ...]) -> dict[str, Any]:
    from math import isfinite

    from console.rollout.schedule import ramp_seconds

    whole = ramp_seconds(plan, traffic.requests_per_s if traffic is not None else None)
    return {
        "plan": plan.name, "kind": plan.kind, "ramp_seconds": whole if isfinite(whole) else None,
        "traffic": None if traffic is None else {
            "requests_per_s": traffic.requests_per_s, "users": traffic.users, "seconds": traffic.seconds,
            "outcome_delay_s": traffic.outcome_delay_s,
            "shares": {str(kind): share for kind, share in traffic.shares.items()}},
        "notes": [{"line": note.line or None, "text": note.text} for note in notes],
        "remarks": [{"severity": remark.severity, "rule": remark.rule, "where": remark.where or None,
                     "sentence": remark.sentence, "do": remark.do} for remark in remarks]}
