"""The program's own log: what it did and what went wrong, in a rotating file in the user's log folder.

It holds no rows of anybody's logs, so that it can be sent with a question. With `--verbose` the same lines go to
standard error too. Where the file cannot be written the program works without it.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

FILE_NAME = "pilothouse.log"
MAX_BYTES = 1_000_000
KEPT_FILES = 3
LINE = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
OURS = ("console", "widgets")


def log_folder() -> Path:
    """Where the file lies; not made here. `PILOTHOUSE_HOME` puts it with all else that is the program's own."""
    home = os.environ.get("PILOTHOUSE_HOME")
    if home:
        return Path(home) / "log"
    import platformdirs

    return Path(platformdirs.user_log_dir("pilothouse", appauthor=False))


def set_up_logging(*, verbose: bool = False) -> Path | None:
    """Send what `console` and `widgets` log to the file; says where it is, None when it cannot be written."""
    from logging.handlers import RotatingFileHandler

    formatter = logging.Formatter(LINE)
    handlers: list[logging.Handler] = []
    path = log_folder() / FILE_NAME
    writable = True
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(RotatingFileHandler(path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8"))
    except OSError as error:
        writable = False
        if verbose:
            sys.stderr.write(f"No program log is kept: {error}\n")
    if verbose:
        handlers.append(logging.StreamHandler(sys.stderr))
    for handler in handlers:
        handler.setFormatter(formatter)
    for name in OURS:
        logger = logging.getLogger(name)
        for old in list(logger.handlers):
            logger.removeHandler(old)
            old.close()
        for handler in handlers:
            logger.addHandler(handler)
        logger.setLevel(logging.DEBUG if verbose else logging.INFO)
        logger.propagate = False
    return path if writable else None
