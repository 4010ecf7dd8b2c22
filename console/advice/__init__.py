"""What to do when the world changes: whether it was a shock, what answers in the model's place, how to train again.

Belongs here: telling a shock from a deployment, a schema change, a fault of a pipeline and a season; simulations on the
logged rows of what could have answered instead; backtests of training again. Does not belong here: reading logs,
finding changes (`console.drift.course`, `console.drift.over_time`), settings of a folder. Values in, values out.

    events      the calendar of known events
    shock       what it was that changed, with the evidence for and against each
    costs       what right and wrong answers, and none, cost
    labelled    requests with answers, outcomes and inputs, and when each outcome came
    learners    models of scikit-learn over rows of inputs, and a rule of one question
    response    the model, a pause and heuristics since the shock, side by side, and when to switch back
    backtest    ways to train again, in the order in which outcomes came
    differences of two costs on the same rows, by stretches of time
    lifecycle   what became of each model version, and where in its cycle the next action lies
    shock_view  what changed at once, over time, and the traffic beside it
    view        what the command line, the window and reports show

Decisions
* A shock is told where two things at least that no model decides, inputs and traffic, jumped together. What moved in
  predictions, latency and outcomes alone may be the model's own doing.
* Where no model reads them, cells that were always missing in the same rows are how such rows end (a cancelled flight),
  and no holes in a source; more of them are one thing that moved, and need another beside it.
* A log of one series only can confirm nothing: what jumps and goes on moving is probably a shock, what has gaps or
  stands still since is its source.
* Onsets are those of `course`; a shock is dated by the change that is known best.
* A weekend that is the first one seen, and changes at its ends that last no longer than it, are a season.
* An outcome counts from when it came on, and not before the usual wait is over: clicks are told sooner than their
  absence, and who counts what has come finds too many of them.
* Costs compare paired, on the same requests, and in stretches of time, for neighbouring requests are alike. Whatever
  is not beyond chance after the adjustment for the number of alternatives is "not distinguishable yet".
* All data is what is trained on unless newer data is surely better, and worth it: beyond chance and by 1 % of the loss.
* Heuristics and thresholds are learned from outcomes that had come before the shock.
* A false negative costs by default what makes "always yes" and "always no" equally dear before the shock; no answer
  costs as much as the best constant one did.
* A share of the requests is told from chance before a version is said to have ramped; a version whose requests go to
  one that was there before it was rolled back. What happens belongs to whoever had a tenth of the requests then, but
  for what came or went with one version alone.
* scikit-learn is imported when something is learned: neither the window nor another command waits for it.
"""

from console.advice.view import AdviceView

__all__ = ["AdviceView"]
