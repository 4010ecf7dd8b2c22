"""What to do when the world changes: whether it was a shock, what answers in the model's place, how to train again.

Belongs here: telling a shock from a deployment, a schema change, a fault of a pipeline and a season; simulations on the
logged rows of what could have answered instead; backtests of training again. Does not belong here: reading logs,
finding changes (`console.drift.course`, `console.drift.over_time`), settings of a folder. Values in, values out.

    events      the calendar of known events
    shock       what it was that changed, with the evidence for and against each
    view        what the command line, the window and reports show

Decisions
* A shock is told where two things at least that no model decides, inputs and traffic, jumped together. What moved in
  predictions, latency and outcomes alone may be the model's own doing.
* Onsets are those of `course`; a shock is dated by the change that is known best.
* A weekend that is the first one seen, and changes at its ends that last no longer than it, are a season.
"""

from console.advice.view import AdviceView

__all__ = ["AdviceView"]
