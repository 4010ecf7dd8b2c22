"""What can be tried on a log, in words, and how it is set up from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.errors import BadSettings
from console.roles import Role, StreamKind
from console.rollout.outcomes import HARMS, Source
from console.rollout.plan import Plan
from console.session.rollouts import Setup

if TYPE_CHECKING:
    from console.store import Workspace

BY_CHANCE = ", chosen by chance"
"""Behind a version of the log: somebody declares it, though the log has no probabilities."""

SHADOW = "the shadow of the log"


def candidates(store: Workspace) -> tuple[str, ...]:
    """Its shadow, its versions but the one that most requests have, and the logged version spoiled. Reads the log."""
    streams = [stream for stream in store.streams() if stream.kind is StreamKind.REQUESTS]
    found = [SHADOW] if any(stream.column(Role.SHADOW_PREDICTION) for stream in streams) else []
    told = any(stream.column(Role.ARM_PROBABILITY) for stream in streams)
    for name in _versions(store)[1:]:
        found += [name] if told else [name + BY_CHANCE, name]
    return (*found, *(harm.name for harm in HARMS))


def setup_for(store: Workspace, plan: Plan, candidate: str) -> Setup:
    """A plan and one of `candidates`. Reads the log. Raises BadSettings."""
    harm = next((each for each in HARMS if each.name == candidate), None)
    if harm is not None:
        return Setup(plan, Source.SYNTHETIC, harm=harm)
    if candidate == SHADOW:
        return Setup(plan, Source.PAIRED)
    name, versions = candidate.removesuffix(BY_CHANCE), _versions(store)
    if name not in versions[1:]:
        raise BadSettings(f"There is no candidate `{candidate[:60]}`", do=f"There are {', '.join(candidates(store))}")
    return Setup(plan, stable=versions[0], candidate=name, declared_random=candidate.endswith(BY_CHANCE))


def _versions(store: Workspace) -> list[str]:
    """Those of most requests first."""
    return [name for name, _count, *_ in sorted(store.versions(None), key=lambda row: -row[1])]
