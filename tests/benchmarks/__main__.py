"""Runs benchmarks, each in a process of its own, prints the table and writes `.benchmarks/latest.json`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.harness import FULL_VARIABLE, MINUTES_VARIABLE, ROOT, Row, table

NOT_BENCHMARKS = {"__init__", "__main__", "harness"}
NAMES = tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.py")
                     if path.stem not in NOT_BENCHMARKS and not path.stem.startswith("_")))


def main() -> int:
    """The process. Exit 0 when all ran, whatever they measured; 2 when one could not run."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all by default")
    parser.add_argument("--full", action="store_true", help="the sizes of the design; takes many minutes")
    parser.add_argument("--minutes", type=float, help="how long append_to_pixel, follow and soak go on")
    parser.add_argument("--one", metavar="FILE", help=argparse.SUPPRESS)
    given = parser.parse_args()
    unknown = set(given.names) - set(NAMES)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    if given.full:
        os.environ[FULL_VARIABLE] = "1"
    if given.minutes:
        os.environ[MINUTES_VARIABLE] = str(given.minutes)
    if given.one:
        found = import_module(f"tests.benchmarks.{given.names[0]}").run()
        Path(given.one).write_text(json.dumps([Row.read(row).as_json() for row in found]))
        return 0
    rows: list[Row] = []
    broken = []
    with TemporaryDirectory() as folder:
        for name in given.names or NAMES:
            print(f"{name} ...", file=sys.stderr, flush=True)
            result = Path(folder) / f"{name}.json"
            done = subprocess.run([sys.executable, "-m", "tests.benchmarks", name, "--one", str(result)], cwd=ROOT,
                                  check=False)
            if done.returncode or not result.exists():
                broken.append(name)
                continue
            for row in json.loads(result.read_text()):
                row.pop("verdict")
                rows.append(Row(**row))
    print(table(rows))
    _write(rows, full=given.full)
    if broken:
        print(f"could not run: {', '.join(broken)}", file=sys.stderr)
    return 2 if broken else 0


def _write(rows: list[Row], *, full: bool) -> None:
    folder = ROOT / ".benchmarks"
    folder.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    document = {"at": now.isoformat(timespec="seconds"), "python": platform.python_version(),
                "system": platform.platform(), "cores": os.cpu_count(), "full": full,
                "rows": [row.as_json() for row in rows]}
    text = json.dumps(document, indent=1) + "\n"
    for name in ("latest", f"{now:%Y%m%dT%H%M%S}"):
        (folder / f"{name}.json").write_text(text)


if __name__ == "__main__":
    sys.exit(main())
