"""Little folders of CSV and JSON lines, clean and broken in every way that a reader must not mind."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path

COUNT, LATE = 900, 800         # rows of a file, and one beyond those that are looked at before loading
HEADER = "ts,request_id,latency_ms,model,note,status"


def clock(number: int) -> str:
    return f"{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}"


def csv_row(number: int, **cells: object) -> str:
    values = {"ts": f"2026-03-02T{clock(number)}.{number % 997:03d}Z", "request_id": f"r{number}",
              "latency_ms": f"{number % 90}.25", "model": f"m{number % 3}", "note": "n", "status": 200, **cells}
    return ",".join(str(values[name]) for name in HEADER.split(","))


def json_row(number: int, **values: object) -> str:
    return json.dumps({"ts": f"2026-03-02T{clock(number)}Z", "request_id": f"r{number}",
                       "latency_ms": number % 90 + 0.25, "model": f"m{number % 3}", "status": 200, **values})


Write = Callable[[Path], None]


def a_csv(rows: Sequence[str], *, header: str = HEADER, end: str = "\n", start: bytes = b"", last: str = "\n",
          encoding: str = "utf-8") -> Write:
    text = end.join([header, *rows]) + last
    return lambda folder: (folder / "a.csv").write_bytes(start + text.encode(encoding)) and None


def a_jsonl(rows: Sequence[str], *, end: str = "\n", last: str = "\n", start: bytes = b"") -> Write:
    return lambda folder: (folder / "a.jsonl").write_bytes(start + (end.join(rows) + last).encode()) and None


def at(rows: list[str], place: int, *more: str) -> list[str]:
    return [*rows[:place], *more, *rows[place:]]


def many_small(folder: Path) -> None:
    for number in range(60):
        kind = ("csv", "jsonl")[number % 2]
        host = folder / f"host={'ab'[number % 3 == 0]}"
        host.mkdir(exist_ok=True)
        rows = range(number * 3, number * 3 + 3)
        text = [HEADER, *map(csv_row, rows)] if kind == "csv" else [json_row(row) for row in rows]
        (host / f"{kind}-{number:03d}.{kind}").write_text("\n".join(text) + "\n")


def packed(folder: Path) -> None:
    with gzip.open(folder / "a.csv.gz", "wt") as stream:
        stream.write("\n".join([HEADER, *CSV]) + "\n")
    with gzip.open(folder / "b.jsonl.gz", "wt") as stream:
        stream.write("\n".join(json_row(number, extra=1.5) for number in range(COUNT)) + "\n")


def schemas(folder: Path) -> None:
    """Other columns, in another order, in files of one stream."""
    (folder / "log-1.csv").write_text("\n".join([HEADER, *CSV[:300]]) + "\n")
    (folder / "log-2.csv").write_text("request_id,ts,latency_ms,model,note,status,tier\n" + "".join(
        f"x{number},2026-03-03T00:00:{number % 60:02d}Z,{number},m1,,200,{number % 4}\n" for number in range(300)))
    (folder / "log-3.csv").write_text("\n".join([HEADER, *CSV[300:]]) + "\n")


CSV = [csv_row(number) for number in range(COUNT)]
LINES = [json_row(number) for number in range(COUNT)]
LATE_NUMBERS = [json_row(number, **({"late": number} if number > LATE else {})) for number in range(COUNT)]

FOLDERS: dict[str, Write] = {
    "csv": a_csv(CSV),
    "csv with quotes": a_csv([csv_row(n, model=f'"m{n % 3}"', note='"a, ""quoted"" word"') for n in range(COUNT)]),
    "csv with lines in quotes": a_csv([csv_row(n, note="" if n % 7 else f'"two\nlines, {n}"') for n in range(COUNT)]),
    "csv with a torn quote": a_csv(at(CSV, 400, csv_row(1000, note='"torn'))),
    "csv with torn lines": a_csv(at(CSV, 350, "2026-03-02T00:0", "a,b", ",".join("1234567890"))),
    "csv with missing words": a_csv([csv_row(n, latency_ms=("NA", "-", "null", "1")[n % 4] if n > LATE else n)
                                     for n in range(COUNT)]),
    "csv with quoted missing words": a_csv(at(CSV, LATE, csv_row(9, latency_ms='"NA"', note='"NA"'))),
    "csv with text for numbers": a_csv(at(CSV, LATE, csv_row(900, latency_ms="fast"), csv_row(901, status="OK"))),
    "csv with odd numbers": a_csv(at(CSV, LATE, *(csv_row(900 + n, latency_ms=odd) for n, odd in enumerate(
        ["1e5", "+5", " 7 ", "0x1F", "1_000", "1e400", "-1e400", "1e-400", "inf", "-Infinity", "nan", "-0", "-0.0",
         ".5", "5.", "00012", "1,5", "1e", "٣", "1.7976931348623157e308", "4.9e-324", "0.1" * 3]) if "," not in odd))),
    "csv with long integers": a_csv(at(CSV, LATE, csv_row(900, latency_ms=2**53 + 1), csv_row(901, latency_ms=2**53))),
    "csv with a repeated header": a_csv(at(CSV, 350, HEADER)),
    "csv with blank lines and comments": a_csv(at(at(CSV, LATE, "", "", "   "), 20, "# said by a tool")),
    "csv with rows without a time": a_csv(at(CSV, 400, csv_row(900, ts=""), csv_row(901, ts="soon"))),
    "csv with carriage returns": a_csv(CSV, end="\r\n", last="\r\n"),
    "csv with a lone carriage return": a_csv(at(CSV, 333, csv_row(900, note="a\rb"))),
    "csv with a byte order mark": a_csv(CSV, start=b"\xef\xbb\xbf"),
    "csv in latin-1": a_csv([csv_row(n, note="caf\u00e9" * (n > LATE)) for n in range(COUNT)], encoding="latin-1"),
    "csv in utf-8": a_csv([csv_row(n, note="caf\u00e9 \U0001f600") for n in range(COUNT)]),
    "csv in utf-16": a_csv(CSV, encoding="utf-16"),
    "csv with NULs": a_csv(at(CSV, LATE, "\0\0\0", "\0\0" + csv_row(900))),
    "csv without a last newline": a_csv(CSV, last=""),
    "csv with a long line": a_csv(at(CSV, 400, csv_row(900, note="x" * 5_000_000))),
    "csv whose header is numbers": a_csv(at([f"2026-03-02T00:00:{n % 60:02d}Z,{n},{n}" for n in range(400)], 200,
                                            "ts,1,2"), header="ts,1,2"),
    "lines": a_jsonl(LINES),
    "lines with late numbers": a_jsonl(LATE_NUMBERS),
    "lines with a late key in the last line": a_jsonl([*LINES, json_row(900, last="word")]),
    "lines with sparse keys": a_jsonl([json_row(n, **{f"k{n % 5}": n, **({"rare": "x"} if n % 97 == 0 else {})})
                                       for n in range(COUNT)]),
    "lines with text for numbers": a_jsonl(
        at(LINES, LATE, json_row(900, latency_ms="fast"), json_row(901, status="NA"))),
    "lines with flags for numbers": a_jsonl(
        at(LINES, LATE, json_row(900, latency_ms=True), json_row(901, status=False))),
    "lines with numbers in text": a_jsonl(at(LINES, LATE, json_row(900, latency_ms="12"), json_row(901, model=7))),
    "lines with flags": a_jsonl([json_row(n, cached=n % 3 == 0, latency_ms=n % 2) for n in range(COUNT)]),
    "lines with nulls": a_jsonl([json_row(n, latency_ms=None if n % 3 else n, model=None) for n in range(COUNT)]),
    "lines with long integers": a_jsonl(
        at(LINES, LATE, json_row(900, latency_ms=2**53 + 1), json_row(901, latency_ms=2**70))),
    "lines with odd numbers": a_jsonl(at(LINES, LATE, *(json_row(900).replace("0.25", odd) for odd in (
        "1e5", "-0", "-0.0", "1e400", "NaN", "Infinity", "1E-400", "0.1e1", "123456789.123456789", "1e22")))),
    "lines with values within": a_jsonl([json_row(n, inputs={"a": n, "b": [1, "x"]}, tags=["\u00e9", "\n"])
                                         for n in range(COUNT)]),
    "lines with escapes": a_jsonl([json_row(n, model="\u00e9\"\\\t", **{"a\"b": 1, "a~b/c": 2}) for n in range(COUNT)]),
    "lines with a key twice": a_jsonl(at(LINES, LATE, json_row(900)[:-1] + ', "model": "again"}')),
    "lines whose keys differ by case": a_jsonl([json_row(n, Model="M", latency_MS=3) for n in range(COUNT)]),
    "lines with an empty key": a_jsonl([json_row(n, **{"": 3}) for n in range(COUNT)]),
    "lines in another order": a_jsonl([
        json_row(n) if n % 2 else json.dumps(dict(reversed(json.loads(json_row(n)).items()))) for n in range(COUNT)]),
    "lines that are no objects": a_jsonl(at(LINES, LATE, "null", "[1]", "7", "{}", '"x"', "{", "# said", "", "   ")),
    "lines with carriage returns": a_jsonl(LINES, end="\r\n", last="\r\n"),
    "lines with a byte order mark": a_jsonl(LINES, start=b"\xef\xbb\xbf"),
    "lines with NULs": a_jsonl(at(LINES, LATE, "\0\0\0", "\0\0" + json_row(900))),
    "lines without a last newline": a_jsonl(LINES, last=""),
    "lines without a time": a_jsonl(at(LINES, LATE, json_row(900, ts=None), json_row(901, ts="soon"))),
    "many small files": many_small,
    "packed files": packed,
    "files with other columns": schemas,
}

FAST = {"csv", "csv with quotes", "csv with lines in quotes", "csv with carriage returns", "csv with a byte order mark",
        "csv in utf-8", "lines", "lines with flags", "lines with nulls", "lines with values within",
        "lines with escapes", "lines in another order", "lines with carriage returns", "packed files"}
"""Read fast from the first block to the last."""

UNOPENED = {name for name in FAST if name.startswith("lines")} - {"lines with values within"}
"""Opened by the INSERT itself; keys within values are counted one by one."""

SLOW_IN_PART = {"csv with text for numbers", "csv with long integers", "csv with a repeated header",
                "csv with quoted missing words", "lines with sparse keys", "lines that are no objects",
                "lines with a key twice", "lines with an empty key", "lines whose keys differ by case"}
"""Some blocks of them must not be."""
