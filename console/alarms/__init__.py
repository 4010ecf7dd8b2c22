"""Alarm rules: when a number of the log is such that somebody must look, and the history of that.

What belongs here: rules as data and how they are written (`rules`, `written`, `prometheus`), the counting of states
(`machine`), the step from numbers to states (`evaluate`), what rules are proposed (`propose`), typed (`draft`) or set
on a chart (`by_hand`), what charts show of them (`on_charts`) and what they guard
(`coverage`). What does not: what a number means (`console.metrics`), how rows lie (`console.store`), and any clock.

Decisions
- An alarm is judged in the time of the log, behind a watermark: an instant T is judged once, when a row has come that
  is `LAG_S` younger, over the rows of [T - over, T). Rows that come later never count for it. So a log that is read in
  one go gives the same history as the one that was watched while it grew.
- States count as those of Prometheus (rules/alerting.go), and on top of it: no data only after a while, too few rows
  are no verdict, and a firing alarm may need a clearer level than the one that set it off.
- A baseline is kept as numbers in its rule: the rule means the same tomorrow, whatever the log has become by then.
- Percentiles are those of logarithmic bins, to 1 %, wherever they come from: an exact one here and a binned one there
  would make two histories of one log.
- What people do (acknowledge, silence) lies beside the history and never changes it.
"""
