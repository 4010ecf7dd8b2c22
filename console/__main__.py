"""The front door: `pilothouse`, and `python -m console`."""

from __future__ import annotations

import sys

OUR_FAULT = 70      # EX_SOFTWARE of sysexits.h; 1 is for commands that judge, 2 for what the user can mend


def main() -> None:
    """Run the command line; end with its exit code. What the world did wrong is one sentence, exit 2."""
    from console.errors import ConsoleError

    try:
        from console.commands import app

        app(prog_name="pilothouse")
    except ConsoleError as error:
        _end(str(error), 2)
    except BrokenPipeError:
        sys.stderr.close()      # `pilothouse ... | head`: nobody reads on, and that is no error
        sys.exit(0)
    except Exception as bug:
        import logging

        logging.getLogger("console").exception("ended by a fault of ours")
        import traceback

        traceback.print_exc()
        _end(f"This is a fault of Pilothouse, not of your logs: {type(bug).__name__}. The program log tells more.",
             OUR_FAULT)


def _end(sentence: str, code: int) -> None:
    sys.stderr.write(f"pilothouse: {sentence}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
