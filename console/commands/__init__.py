"""The command line: one file per command, each a few lines over the session.

`--json` prints one JSON document on standard output; everything else goes to standard error. Exit codes: 0 done,
2 wrong use or unreadable input; 1 only from commands that judge. A bare `pilothouse FOLDER` opens the window.
"""

from console.commands.main import app

__all__ = ["app"]
