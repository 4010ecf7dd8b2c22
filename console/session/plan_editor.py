"""The plan that is being looked at and changed: one for the open folder, with its steps back, and the log it is for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from console.jobs import Job
from console.rollout.chances import Traffic
from console.rollout.edits import change_said, fitted
from console.rollout.lint import Remark, lint
from console.rollout.plan import Plan
from console.rollout.plan_view import PlanView, plan_view
from console.rollout.ready import NAMES, ready_plan
from console.rollout.written import as_toml
from console.session.plans import read_plan_file, write_text
from console.session.rollout_traffic import traffic_of

if TYPE_CHECKING:
    from console.store import Workspace

MOST_STEPS = 100

Edit = Callable[[Plan], Plan]


class PlanEditor:
    """Takes edits, hands out views. Safe to call from several threads."""

    def __init__(self, store: Workspace) -> None:
        self._store = store
        self._lock = threading.RLock()
        self._plan = ready_plan(NAMES[0])
        self._source = NAMES[0]
        self._kept = self._plan
        self._notes: tuple[str, ...] = ()
        self._done: list[Plan] = []
        self._undone: list[Plan] = []
        self._traffic: Traffic | None = None
        self._traffic_of = (-1, frozenset[float]())        # generation and limits that it was counted for
        self._remarks: tuple[Plan, Traffic | None, tuple[Remark, ...]] | None = None

    @property
    def plan(self) -> Plan:
        """As it is now."""
        with self._lock:
            return self._plan

    @property
    def traffic(self) -> Traffic | None:
        """What was found of the log; None before `judge`."""
        with self._lock:
            return self._traffic

    def choose(self, name: str) -> None:
        """A ready plan. Raises BadSettings."""
        self._take(ready_plan(name), name, ())

    def open(self, path: Path) -> None:
        """A plan of a file, TOML or YAML. Raises BadSettings."""
        found = read_plan_file(path)
        self._take(found.plan, path.name, tuple(map(str, found.notes)))

    def save(self, path: Path) -> None:
        """As TOML; YAML endings are written for Argo. Raises CannotWrite."""
        from console.rollout.argo_written import as_argo

        with self._lock:
            plan = self._plan
        write_text(path, as_argo(plan) if path.suffix.lower() in (".yaml", ".yml") else as_toml(plan))
        with self._lock:
            self._kept, self._source = plan, path.name

    def change(self, edit: Edit) -> None:
        """Another plan in its place; what it was can be had back. Raises BadSettings."""
        with self._lock:
            changed = edit(self._plan)
            if changed != self._plan:
                self._done = [*self._done[-MOST_STEPS:], self._plan]
                self._undone = []
                self._plan = changed

    def undo(self) -> bool:
        """The plan before the last change; False when there was none."""
        return self._back(self._done, self._undone)

    def redo(self) -> bool:
        """The change again that was taken back last."""
        return self._back(self._undone, self._done)

    def fit(self, job: Job) -> tuple[str, ...]:
        """Leave out what the log cannot show, and give latency a limit that suits it; says what was done."""
        self.judge(job)
        with self._lock:
            if self._traffic is None:
                return ()
            found = fitted(self._plan, self._traffic)
        self.change(lambda _plan: found.plan)
        return found.notes

    def judge(self, job: Job) -> PlanView:
        """What is wrong with it at the traffic of the log. Reads the log when it or the plan asks for more; for a
        worker. Raises JobStopped."""
        with self._lock:
            plan = self._plan
        key = (self._store.generation, frozenset(gate.binding.limit for gate in plan.gates
                                                 if gate.binding is not None and gate.binding.limit is not None))
        job.report(0, 2, "Looking at the traffic of the log")
        if key != self._traffic_of:
            traffic = traffic_of(self._store, plan)
            with self._lock:
                self._traffic, self._traffic_of = traffic if traffic.requests_per_s > 0 else None, key
        job.stop_if_asked()
        job.report(1, 2, "Judging the plan")
        with self._lock:
            known = self._traffic
        remarks = lint(plan, known)
        with self._lock:
            self._remarks = (plan, known, remarks)
        return self.view()

    def view(self) -> PlanView:
        """As it is; remarks where they are those of this plan."""
        with self._lock:
            judged = self._remarks if self._remarks is not None and self._remarks[:2] == (
                self._plan, self._traffic) else None
            return plan_view(self._plan, self._traffic, judged[2] if judged is not None else None,
                             source=self._source, notes=self._notes,
                             undo=change_said(self._done[-1], self._plan) if self._done else "",
                             redo=change_said(self._plan, self._undone[-1]) if self._undone else "",
                             changed=self._plan != self._kept)

    def _take(self, plan: Plan, source: str, notes: tuple[str, ...]) -> None:
        with self._lock:
            if plan != self._plan:
                self._done, self._undone = [*self._done[-MOST_STEPS:], self._plan], []
            self._plan = self._kept = plan
            self._source, self._notes = source, notes

    def _back(self, taken: list[Plan], given: list[Plan]) -> bool:
        with self._lock:
            if not taken:
                return False
            given.append(self._plan)
            self._plan = taken.pop()
            return True
