"""The command line: one file per command, each a few lines over the session.

`--json` prints one JSON document on standard output; everything else goes to standard error. Exit codes: 0 done,
2 wrong use or unreadable input; 1 only from commands that judge. A bare `pilothouse FOLDER` opens the window.

Two commands are several files: `drift` hands to `over_time` and `drift_more` (outcomes, all columns at once, skew), and
`rollout` has plans, `rehearse` what runs them over a log.
"""

from console.commands.main import app

__all__ = ["app"]
