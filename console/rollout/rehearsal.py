"""A replay that somebody steers: what they did is kept with its log time, so that the clock can be turned back and
forth, and the same log comes out whatever its speed was."""

from __future__ import annotations

from dataclasses import replace

from console.errors import BadSettings
from console.rollout import events as ev
from console.rollout.plan import Degree
from console.rollout.replay import Replay
from console.rollout.state import Reason
from console.rollout.view import Action, RolloutView
from console.rollout.viewed import view_of

Deed = ev.ByPerson | ev.Start


class Rehearsal:
    """One replay, from its start. Not to be shared between threads."""

    def __init__(self, replay: Replay) -> None:
        """Of one that has not been started."""
        self.deeds: list[Deed] = []
        self._done = 0                      # of the deeds
        self._replay = replay

    @property
    def replay(self) -> Replay:
        """As it is now."""
        return self._replay

    @property
    def slice_s(self) -> float:
        """The shortest step of its clock."""
        return self._replay.slice_s

    def act(self, action: Action, why: str = "") -> None:
        """What a person does now. Deeds that lay ahead, from before the clock was turned back, are forgotten.

        Raises BadSettings with the reason where the machine does not allow it.
        """
        refused = next(each.why_not for each in view_of(self._replay).actions if each.action is action)
        if refused:
            raise BadSettings(refused, do="Choose something else")
        self._do(self._event(action, why))

    def set_degree(self, degree: Degree) -> None:
        """Another degree of automation from now on."""
        self._do(ev.SetDegree(self._replay.clock_s, degree))

    def advance(self, slices: int = 1) -> None:
        """So many slices of log time, with what people did in them."""
        end = self._replay.done + slices
        while self._replay.done < end and not self._replay.over:
            ahead = self.deeds[self._done:]
            until = end if not ahead else min(end, self._slice_of(ahead[0].at))
            if until > self._replay.done:
                self._replay.advance(until - self._replay.done)
            self._catch_up()

    def seek(self, at_s: float) -> None:
        """The clock at that log time. Back means from the start again, over what was added up before."""
        wanted = min(max(self._slice_of(at_s), 0), self._replay.tally.slices)
        if wanted < self._replay.done:
            self._replay, self._done = self._replay.again(), 0
            self._catch_up()
        self.advance(wanted - self._replay.done)

    def view(self) -> RolloutView:
        """What is shown."""
        return view_of(self._replay)

    def _slice_of(self, at_s: float) -> int:
        return round((at_s - self._replay.start_s) / self._replay.slice_s)

    def _do(self, deed: Deed) -> None:
        self.deeds = [*self.deeds[:self._done], deed]
        self._catch_up()

    def _catch_up(self) -> None:
        while self._done < len(self.deeds) and self._slice_of(self.deeds[self._done].at) <= self._replay.done:
            deed = self.deeds[self._done]
            self._done += 1
            self._replay.do(replace(deed, at=self._replay.clock_s))

    def _event(self, action: Action, why: str) -> Deed:
        at, state = self._replay.clock_s, self._replay.state
        match action:
            case Action.START:
                return ev.Start(at, self._replay.candidate, self._replay.stable)
            case Action.PAUSE:
                return ev.Pause(at, why=why)
            case Action.RESUME:
                return ev.Resume(at, why=why)
            case Action.PROMOTE:
                return ev.Promote(at, why=why)
            case Action.PROMOTE_FULL:
                return ev.PromoteFull(at, why=why)
            case Action.ABORT:
                return ev.Abort(at, why=why)
            case Action.RETRY:
                return ev.Retry(at, why=why)
            case Action.UNDO:
                return ev.Undo(at, why=why)
            case Action.ROLL_BACK:
                return ev.Abort(at, why=why) if state.live else ev.Undo(at, why=why)


def paused_by_person(view: RolloutView) -> bool:
    """Whether *Resume* stands where *Pause* does."""
    return view.reason is Reason.USER_PAUSE
