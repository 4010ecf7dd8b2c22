"""The front door: `pilothouse`, and `python -m console`."""

from __future__ import annotations

import sys
from typing import NoReturn

OUR_FAULT = 70      # EX_SOFTWARE of sysexits.h; 1 is for commands that judge, 2 for what the user can mend


def main() -> None:
    """Run the command line; end with its exit code. What the world did wrong is one sentence, exit 2."""
    from console.errors import ConsoleError

    try:
        if _only_the_window(sys.argv[1:]):
            _open_window(sys.argv[1:])
        from console.commands import app

        app(prog_name="pilothouse")
    except ConsoleError as error:
        _end(str(error), 2)
    except BrokenPipeError:
        sys.stderr.close()      # `pilothouse ... | head`: nobody reads on, and that is no error
        sys.exit(0)
    except Exception as bug:
        import logging

        from console.logging_setup import set_up_logging

        if not logging.getLogger("console").handlers:       # the window sets it up once it is painted
            set_up_logging()
        logging.getLogger("console").exception("ended by a fault of ours")
        import traceback

        traceback.print_exc()
        _end(f"This is a fault of Pilothouse, not of your logs: {type(bug).__name__}. The program log tells more.",
             OUR_FAULT)


def _only_the_window(arguments: list[str]) -> bool:
    """Nothing, or one path that can be no command: then the window need not wait for the command line to be built,
    which takes as long as a third of the window does."""
    return not arguments or (len(arguments) == 1 and not arguments[0].startswith("-")
                             and any(mark in arguments[0] for mark in "/\\."))


def _open_window(arguments: list[str]) -> NoReturn:
    from pathlib import Path

    from console.front_door import open_window
    from console.logging_setup import set_up_logging

    sys.exit(open_window(Path(arguments[0]) if arguments else None, once_painted=set_up_logging))


def _end(sentence: str, code: int) -> NoReturn:
    sys.stderr.write(f"pilothouse: {sentence}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
