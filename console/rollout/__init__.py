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
"""
