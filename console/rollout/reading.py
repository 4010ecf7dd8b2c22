"""A plan from the text of any file that is understood, and its gates bound to metrics of the log."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from console.errors import BadSettings
from console.rollout.argo import Imported, read_argo
from console.rollout.flagger import read_flagger
from console.rollout.plan import Binding, Gate, MetricKind, Plan
from console.rollout.written import MEASURE, Wrong, read_plan

CANARY = re.compile(r"^\s*apiVersion:\s*['\"]?flagger\.app/", re.MULTILINE)
HOW = "Write it as NAME=error_rate or NAME={ metric = \"latency_share\", limit_ms = 250 }"


def read_any(text: str, *, file: str, more: Sequence[tuple[str, str]] = (), name: str = "") -> Imported:
    """TOML of ours by the ending of the file; else YAML of Argo or of Flagger. Raises BadSettings."""
    if file.lower().endswith(".toml"):
        return Imported(read_plan(text, file=file))
    if CANARY.search(text):
        return read_flagger(text, file=file, more=more, name=name)
    return read_argo(text, file=file, more=more, name=name)


def bound(plan: Plan, bindings: Mapping[str, Binding]) -> Plan:
    """The plan with gates bound, by `name` or by `template/name`. Raises BadSettings for a gate that is not there."""
    for name in bindings:
        if not any(name in names_of(gate) for gate in plan.gates):
            raise BadSettings(f"There is no gate `{name[:60]}`", where=plan.name,
                              do=f"There are {', '.join(gate.name for gate in plan.gates) or 'none'}")
    return replace(plan, gates=tuple(
        next((replace(gate, binding=bindings[name]) for name in names_of(gate) if name in bindings), gate)
        for gate in plan.gates))


def names_of(gate: Gate) -> tuple[str, ...]:
    """What a gate can be called by, the most exact first."""
    return (f"{gate.template}/{gate.name}", gate.name) if gate.template else (gate.name,)


def binding_from(text: str) -> tuple[str, Binding]:
    """The gate and the binding of `NAME=METRIC`, or of `NAME={ metric = ..., ... }`. Raises BadSettings."""
    name, equals, value = text.partition("=")
    value = value.strip()
    if not equals or not name.strip() or not value:
        raise BadSettings(f"`{text[:60]}` binds nothing", do=HOW)
    try:
        given = tomllib.loads(f"x = {value}")["x"] if value.startswith(("{", '"')) else value
        return name.strip(), MEASURE.read(given)
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise BadSettings(f"`{value[:60]}` is no binding", do=HOW) from error
    except Wrong as error:
        raise BadSettings(error.what, where=f"the binding of `{name.strip()[:60]}`", do=error.do) from error


# ---- what a gate may mean --------------------------------------------------------------------------------------

HINTS: tuple[tuple[re.Pattern[str], MetricKind], ...] = (
    (re.compile(r"success|availab|good", re.IGNORECASE), MetricKind.SUCCESS_RATE),
    (re.compile(r"latenc|duration|respon\w*[-_ ]?time|\bp\d\d\b", re.IGNORECASE), MetricKind.LATENCY_PERCENTILE),
    (re.compile(r"error|fail|5xx|5\.\.|500", re.IGNORECASE), MetricKind.ERROR_RATE),
    (re.compile(r"\bctr\b|click", re.IGNORECASE), MetricKind.CTR),
)
PERCENTILE = re.compile(r"\bp(\d\d)\b|0\.(\d\d?)\b")
LIMIT = re.compile(r"[<>]=?\s*(\d+\.?\d*)")


def proposed(gate: Gate) -> Binding | None:
    """What an imported gate may mean, by its name, then by its query; a proposal that somebody must accept."""
    texts = (gate.name, gate.query)
    metric = next((kind for text in texts for hint, kind in HINTS if hint.search(text)), None)
    if metric is None:
        return None
    limits = [float(found) for text in (gate.success, gate.failure) for found in LIMIT.findall(text)]
    limits += [limit for limit in (gate.at_least, gate.at_most) if limit is not None]
    highest = max(limits, default=0.0)
    if metric is MetricKind.LATENCY_PERCENTILE:
        found = next((match for text in texts for match in [PERCENTILE.search(text)] if match), None)
        digits = (found[1] or found[2]) if found else "99"
        return Binding(metric, percentile=float(digits) * (10 if len(digits) == 1 else 1) or 99.0,
                       scale=0.001 if 0 < highest < 30 else 1.0)      # a limit below 30 is in seconds
    return Binding(metric, scale=100.0 if highest > 1 else 1.0)
