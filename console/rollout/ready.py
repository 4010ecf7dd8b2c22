"""Plans that come with the program, by name."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from console.errors import BadSettings
from console.rollout.plan import Plan
from console.rollout.written import read_plan

NAMES = ("careful canary", "fast canary", "shadow then canary", "blue/green", "blue/green by weights")
"""In the order that they are offered in."""


@cache
def ready_plan(name: str) -> Plan:
    """The ready plan of that name. Raises BadSettings."""
    if name not in NAMES:
        raise BadSettings(f"There is no ready plan `{name[:60]}`", do=f"There are {', '.join(NAMES)}")
    file = name.replace("/", "-").replace(" ", "_") + ".toml"
    return read_plan((files("resources") / "plans" / file).read_text(encoding="utf-8"), file=file)


def ready_plans() -> tuple[Plan, ...]:
    """All of them, in the order that they are offered in."""
    return tuple(ready_plan(name) for name in NAMES)
