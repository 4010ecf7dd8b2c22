"""The room of the ramp: how much traffic a candidate gets, what stops it, and what a plan would have done to a log.

Belongs here: plans as data (`plan`), how they are read and written (`written` for our TOML, `argo`, `flagger`,
`conditions` of imported gates), what is wrong with one before it runs (`lint`), who gets the candidate
(`routing`), what a measurement says (`gates`, one file a method), what follows from it (`machine`), the virtual clock
that drives both over logged requests (`replay`), the same many times over (`what_if`), and what the panel shows
(`view`). Does not belong here: reading files, databases, the screen. Arrays and values in, values out; time is that of
the log.

Decisions
* A user has the same bucket as long as a rollout lasts, and a higher weight only ever adds users: nobody flips between
  versions. A new rollout has a new salt, or the same users would always go first.
* One type for all plans. What only Argo or Flagger know is kept in it, so that a plan that is read, written and read
  again is the same plan; how its gates count is `Plan.counting`.
* Weights are percent of the live requests, times are seconds of log time, shares are 0 to 1.
* A gate without a binding loads and cannot run: no provider is ever asked.
* The machine measures nothing and has no clock: it says what is due (`due`), and takes outcomes with the next tick. So
  a replay, a what-if and a test drive the same machine, and the audit log is a function of events alone. The log holds
  what changed of the state, line by line, and rebuilds it.
* Gates compare within slices of time (a check), never totals of a ramp: those blame the candidate for the hour of the
  day. An error is a bet by the candidate's real part of the requests of its slice, not by the planned weight, so that
  users who ask more than others, and rows of a log that cannot be used, need no correction.
* Of a user only the first error that a gate sees counts (`measuring.FirstErrors`): who fails once fails again.
* Too few data hold a step and never fail it; harm is told before the minimum sample is there, for the tests are valid
  at any size. A split that cannot be judged yet holds nothing.
* Of two logged versions the rows are kept whose version is the simulated one. The split is then held to what the users
  of the same slice leave to expect (`measuring.users_of`), not to the planned weight: a log whose candidate had few
  users keeps few. Each slice has its own expectation; one bet goes through all of them (`srm`), so that they add up.
* Rows are added up once, by slice of time and band of buckets between two weights of the plan (`tally`); a replay
  costs by its checks then, and a what-if by its runs.
* Outcomes are judged when their request is as old as the attribution window, by what was known then; who has not
  clicked by then has not. What comes later changes no verdict.
* A synthetic candidate tests the plan. No sentence says of it that it is better.

    events, state   what can happen, and how it stands;  permissions  who may do what, by degree of automation
    quiet           ticks at which nothing happens
    slices, finding     what a gate is told, and what it says;  words  why, and what would have changed it
    counting        Argo's and Flagger's counting of measurements
    fixed, error_share, difference, rank_sum, srm   the gates;  intervals  for display
    routing, schedule   who gets the candidate, and which weight is in force when
    written, argo, argo_written, flagger, yaml_tree, durations      plans in files;  ready  those that come with it
    checked, edits, plan_view   what no plan may hold, changes to one, what its editor shows
    lint, chances   what is wrong with a plan before it runs, and what its gates do at that traffic
    rehearsal       a replay that somebody steers;  viewed  makes its view;  what_if_view, deferral_view  further pages
    outcomes        where outcomes of the two versions come from, and harms;  arms  two live versions compared
    tally, measuring, blast     sums, what feeds the gates, whom the candidate met;  operators  a person beside it
    deferral        answers under a threshold go to a person: workload and error
"""

from console.rollout.gates import GATES
from console.rollout.machine import allowed, due, initial, rebuilt, step
from console.rollout.rank_sum import judge
from console.rollout.reading import read_any
from console.rollout.replay import Replay
from console.rollout.what_if import what_if

__all__ = ["GATES", "Replay", "allowed", "due", "initial", "judge", "read_any", "rebuilt", "step", "what_if"]
