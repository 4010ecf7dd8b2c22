"""Writes files that want to hurt a reader: broken, huge, nested, cut, looped, or dressed up as something else.

`python -m tests.console.logs.hostile FOLDER COUNT SEED`. The same seed writes the same files. One good file is always
among them. A pickle in it would leave a file called `ran` behind if anybody opened it.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import random
import socket
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.console.logs import hostile_forms

GOOD_ROWS = 500
START = 1_772_409_600           # 2026-03-02T00:00:00Z

NASTY = ("", "'; DROP TABLE files; --", '"quoted"', "<script>alert(1)</script>", "=cmd|' /C calc'!A0",
         "select", "_ts", "_file", "_record", "ts", "TS", "a\tb", "ünï", "\u202eevil", "%s%n", "{0.__class__}",
         "../../etc/passwd",
         "x" * 10_000, "$(touch ran)", "`touch ran`", "\\N", "NULL", "#", "rowid", "a,b", "a;b")

Maker = Callable[[random.Random, Path], None]


class Bomb:
    """Leaves a trace when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.place), "w")


def row(chance: random.Random, number: int) -> dict[str, object]:
    """An ordinary record."""
    return {"ts": START + number, "request_id": f"r{number:06d}", "latency_ms": round(chance.uniform(1, 90), 3),
            "prediction": round(chance.random(), 4),
            "device": chance.choice(["phone", "desktop"])}


def lines(chance: random.Random, count: int) -> list[bytes]:
    """Ordinary JSON lines."""
    return [json.dumps(row(chance, number)).encode() for number in range(count)]


def table(chance: random.Random, count: int) -> list[bytes]:
    """An ordinary CSV file with its header."""
    rows = [row(chance, number) for number in range(count)]
    return [",".join(rows[0]).encode(), *(",".join(map(str, each.values())).encode() for each in rows)]


def _ordinary(chance: random.Random, count: int) -> list[bytes]:
    return lines(chance, count) if chance.random() < 0.5 else table(chance, count)


def broken_json(chance: random.Random, path: Path) -> None:
    found = lines(chance, 60)
    spoil = [b"{", b"}", b'{"ts": ', b"[1, 2", b"nul", b'{"a": 1} {"a": 2}', b'{"ts": 1e999}', b'{"ts": NaN}',
             b'"text"', b"[]", b"{}", b"null", b"\x00\x00\x00", b"\xff\xfe\xfd", b'{"a": "\\ud800"}',
             b'{"na\\udfffme": 1}', b'{"a": 1, "a": 2}',
             b'{"ts": {"deep": [1, {"er": null}]}}', b'{"' + b"k" * 9000 + b'": 1}', b"\x1b[31m", b"%" * 300]
    for _ in range(30):
        found.insert(chance.randrange(len(found)), chance.choice(spoil))
    path.write_bytes(b"\n".join(found) + chance.choice([b"", b"\n", b"\r\n", b'\n{"ts": 17724']))


def deep_json(chance: random.Random, path: Path) -> None:
    depth = chance.choice([100, 1000, 20_000, 200_000])
    deep = chance.choice([b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth, b'{"a":' * depth])
    found = lines(chance, 20)
    found.insert(10, b'{"ts": 1772409600, "x": ' + deep + b"}")
    path.write_bytes(b"\n".join(found) + b"\n")


def long_line(chance: random.Random, path: Path) -> None:
    size = chance.choice([1 << 20, 9 << 20, 20 << 20])
    found = _ordinary(chance, 20)
    found.insert(chance.choice([0, 5, len(found)]), b'{"x": "' + b"y" * size + chance.choice([b'"}', b""]))
    path.write_bytes(b"\n".join(found) + b"\n")


def one_line(chance: random.Random, path: Path) -> None:
    path.write_bytes(chance.choice([b"x", b"{", b'"', b",", b"\0"]) * (12 << 20))


def many_keys(chance: random.Random, path: Path) -> None:
    found = []
    for number in range(40):
        one = row(chance, number)
        one.update({f"k{chance.randrange(100_000)}": 1 for _ in range(200)})
        found.append(json.dumps(one))
    path.write_text("\n".join(found) + "\n")


def mixed_types(chance: random.Random, path: Path) -> None:
    values: list[object] = [1, 1.5, "x", None, True, [1], {"a": 1}, "", "NaN", 10**30, -0.0, 1e308, "2026-03-02"]
    found = []
    for number in range(80):
        one = row(chance, number)
        one[chance.choice(list(one))] = chance.choice(values)
        found.append(json.dumps(one))
    path.write_text("\n".join(found) + "\n")


def wide(chance: random.Random, path: Path) -> None:
    count = chance.choice([900, 1000, 10_000])
    names = ["ts", "latency_ms", *(f"c{n}" for n in range(count))]
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(dict(zip(names, (START + n, n, *[1] * count), strict=True))) + "\n"
                                for n in range(10)))
        return
    body = ",".join(["1"] * count)
    path.write_text("\n".join([",".join(names), *(f"{START + n},{n},{body}" for n in range(10))]) + "\n")


def hostile_names(chance: random.Random, path: Path) -> None:
    names = ["ts", *chance.sample(NASTY, 12), "latency_ms", "latency_ms", "Latency_MS"]
    if path.suffix == ".csv":
        head = ",".join('"' + name.replace('"', '""').replace("\n", " ") + '"' for name in names)
        path.write_text("\n".join([head, *(",".join([str(START + n)] + ["1"] * (len(names) - 1)) for n in range(30))]))
    else:
        path.write_text("".join(json.dumps({**dict.fromkeys(names, n), "ts": START + n}) + "\n"
                                for n in range(30)))


def hostile_values(chance: random.Random, path: Path) -> None:
    path.write_text("".join(json.dumps({**row(chance, n), "device": chance.choice(NASTY),
                                        "model": chance.choice(NASTY)}) + "\n" for n in range(60)))


def ragged(chance: random.Random, path: Path) -> None:
    found = table(chance, 80)
    for _ in range(15):
        at = chance.randrange(1, len(found))
        found[at] = chance.choice([found[at] + b",1,2", found[at][: len(found[at]) // 2], b'"open quote,' + found[at],
                                   found[at].replace(b",", b";"), b",,,,", b'a"b"c,"d', found[0], b"", b"\r",
                                   b"\0" * 50])
    path.write_bytes(chance.choice([b"\n", b"\r\n", b"\r"]).join(found))


def encodings(chance: random.Random, path: Path) -> None:
    text = b"\n".join(_ordinary(chance, 40)).decode() + "\n"
    path.write_bytes(chance.choice([
        text.encode("utf-16"), text.encode("utf-16-be"), b"\xff\xfe" + text.encode()[:301],
        text.replace("phone", "Fön").encode("latin-1"), b"\xef\xbb\xbf" + text.encode(), text.encode("utf-32"),
        text.encode("cp037"), text.encode() + b"\xff" * 100]))


def nothing(chance: random.Random, path: Path) -> None:
    path.write_bytes(chance.choice([b"", b"\n" * 1000, b" " * 5000, b"\0" * 100_000, b"\xef\xbb\xbf", b"ts\n", b"a,b\n",
                                    b"\r\r\r\r"]))


def packed(chance: random.Random, path: Path) -> None:
    body = b"\n".join(_ordinary(chance, 300)) + b"\n"
    whole = gzip.compress(body, mtime=0)
    zst = pa.compress(body, "zstd", asbytes=True)
    path.write_bytes(chance.choice([
        whole[: len(whole) // 2], whole[:10], whole + b"garbage", whole + whole, gzip.compress(whole, mtime=0),
        zst[: len(zst) // 2], zst + b"garbage", whole[:40] + bytes([whole[40] ^ 255]) + whole[41:], b"\x1f\x8b",
        b"\x28\xb5\x2f\xfd"]))


def bomb(chance: random.Random, path: Path) -> None:
    size = 400 << 20
    piece = chance.choice([b"\0", b"x", b"\n", b'{"ts":1}\n', b"1,2\n"])
    block = piece * ((4 << 20) // len(piece))
    with gzip.GzipFile(path, "wb", compresslevel=1, mtime=0) as out:
        for _ in range(size // len(block)):
            out.write(block)


def bomb_behind(chance: random.Random, path: Path) -> None:
    """Rows as they should be, and then far too much of something."""
    head = b"\n".join(_ordinary(chance, 60)) + b"\n"
    piece = chance.choice([b"\n", b"{}\n", b"x\n", b'{"ts": 1}\n', b"1772409600,r,1,1,tv\n", b"\0", b"y", b'"'])
    block = piece * ((4 << 20) // len(piece))
    times = 10 if piece.startswith(b"1772409600") else 100      # rows as they should be are read to their end
    if path.suffix == ".zst":
        with pa.CompressedOutputStream(str(path), "zstd") as out:
            for part in (head, *[block] * times):
                out.write(part)
    else:
        with gzip.GzipFile(path, "wb", compresslevel=1, mtime=0) as out:
            for part in (head, *[block] * times):
                out.write(part)


def slow(chance: random.Random, path: Path) -> None:
    """Lines in which a pattern goes back and forth."""
    piece = chance.choice(["1", "1:", "::", "a.", "-", " ", '"', "(", "é", "1.", "0 ", "1,", "T", "\\", "[", "a\t"])
    before = chance.choice(["", "INFO:     ", "2026-03-02 10:00:00,123 - ", "127.0.0.1 - - [", '{"ts": "', "# HELP ",
                            "nv_x{"])
    line = before + piece * (chance.choice([3000, 60_000]) // len(piece))
    path.write_text("\n".join(["ts,latency_ms", *[line] * 40]) + "\n")


def spoiled_form(chance: random.Random, path: Path) -> None:
    """The log of a serving tool, half of it spoiled."""
    form = chance.choice(hostile_forms.FORMS)
    spoiled = [hostile_forms.spoiled(chance, form) for _ in range(20)]
    body = [hostile_forms.good(form)] * 25 + spoiled
    if chance.random() < 0.5:
        chance.shuffle(body)
    path.write_bytes(b"\n".join(body) + chance.choice([b"", b"\n"]))


def parquet(chance: random.Random, path: Path) -> None:
    count = 200
    columns: dict[str, object] = {"ts": pa.array([START + n for n in range(count)]),
                                  "latency_ms": pa.array([chance.random() for _ in range(count)])}
    kind = chance.randrange(11)
    if kind == 0:
        columns |= {f"c{n}": pa.array([n] * count) for n in range(chance.choice([900, 3000, 10_000]))}
    elif kind == 1:
        columns["nested"] = pa.array([{"a": [{"b": n}]} for n in range(count)])
    elif kind == 2:
        columns |= dict.fromkeys(("", "select", "_ts", "x" * 3000), columns["ts"])
    found = io.BytesIO()
    pq.write_table(pa.table(columns), found)
    data = bytearray(found.getvalue())
    if kind == 3:
        data = data[: chance.randrange(8, len(data))]
    elif kind == 4:
        for _ in range(20):
            data[chance.randrange(4, len(data) - 8)] ^= chance.randrange(1, 256)
    elif kind == 5:
        data[-8:-4] = struct.pack("<I", chance.choice([0, 1, 2**31 - 1, 2**32 - 1]))
    elif kind == 6:
        data = bytearray(b"PAR1" + b"\x15" * 5000 + struct.pack("<I", 5000) + b"PAR1")
    elif kind == 7:
        pq.write_table(pa.table(columns).slice(0, 0), found := io.BytesIO())
        data = bytearray(found.getvalue())
    elif kind == 8:                 # of 200 rows, as thrift writes them: the first in the footer is the file's own
        begin = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
        at = data.index(b"\x90\x03", begin)
        data[at: at + 2] = chance.choice([b"\x91\x03", b"\x92\x03", b"\x90\x7f", b"\xff\x7f"])
    elif kind == 9:                 # a footer with a bit or two turned over
        begin = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
        for _ in range(chance.choice([1, 2])):
            data[chance.randrange(begin, len(data) - 8)] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(data))


def pipe(chance: random.Random, path: Path) -> None:
    os.mkfifo(path)


def loop(chance: random.Random, path: Path) -> None:
    path.symlink_to(chance.choice([path, path.parent, Path("..")]))


def device(chance: random.Random, path: Path) -> None:
    path.symlink_to(chance.choice(["/dev/zero", "/dev/random", "/dev/stdin", "/proc/self/mem", "/nowhere/at/all"]))


def folder(chance: random.Random, path: Path) -> None:
    """A folder with the name of a file, and a way back to itself."""
    path.mkdir()
    (path / "again").symlink_to(path, target_is_directory=True)
    (path / "inside.csv").write_bytes(b"\n".join(table(chance, 30)) + b"\n")


def deep_folder(chance: random.Random, path: Path) -> None:
    deep = path.joinpath(*["d"] * 40)
    deep.mkdir(parents=True)
    (deep / "log.jsonl").write_bytes(b"\n".join(lines(chance, 5)) + b"\n")


def shut(chance: random.Random, path: Path) -> None:
    """A file or a folder that nobody but root may look into."""
    inside = path
    if chance.random() < 0.3:
        path.mkdir()
        inside = path / "inside.jsonl"
    inside.write_bytes(b"\n".join(lines(chance, 30)) + b"\n")
    path.chmod(0)


def listening(chance: random.Random, path: Path) -> None:
    if len(os.fsencode(path)) > 100:       # of a socket's name
        nothing(chance, path)
        return
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(path))


def linked(chance: random.Random, path: Path) -> None:
    """One file under three names."""
    path.write_bytes(b"\n".join(lines(chance, 30)) + b"\n")
    os.link(path, path.with_name(path.name + ".1"))
    path.with_name(path.name + ".2").symlink_to(path.name)


def no_log(chance: random.Random, path: Path) -> None:
    with zipfile.ZipFile(packed_ := io.BytesIO(), "w") as archive:
        archive.writestr("log.csv", "ts,x\n1,2\n")
    path.write_bytes(chance.choice([
        pickle.dumps(Bomb(path.parent / "ran")), pickle.dumps(Bomb(path.parent / "ran"), protocol=0),
        b"\x89PNG\r\n\x1a\n" + bytes(chance.randbytes(3000)), chance.randbytes(5000), packed_.getvalue(),
        b"#!/bin/sh\ntouch ran\n", b"<html><script>alert(1)</script></html>", b"%PDF-1.7\n" + chance.randbytes(999),
        b"\x7fELF" + chance.randbytes(999), b"SQLite format 3\x00" + bytes(4000), b"MZ\x90" + chance.randbytes(99)]))


def pretended(chance: random.Random, path: Path) -> None:
    """Lines that look like those of a serving tool, and are not."""
    forms = [
        b'{"captureData": %s, "eventMetadata": {"eventId": 5}}', b'{"resourceSpans": [{"scopeSpans": %s}]}',
        b'{"specversion": "1.0", "type": "org.kubeflow.serving.inference.request", "inferenceservicename": 1, '
        b'"data": %s}',
        b'{"deployed_model_id": 1, "logging_time": %s, "request_payload": %s}',
        b'{"startTime": %s, "endTime": {}, "prompt_tokens": []}',
        b'{"asctime": %s, "component_name": 1, "timestamp_ns": "x"}',
        b'198.18.0.1 - - [99/Xyz/2026:77:88:99 +9999] "%s" 99999 -', b"# TYPE x counter\nx{a=\"%s\"} banana",
        b"2026-11-23T18:46:31,197 - PredictionTime.ms:%s|#ModelName:a|#hostname:vm", b'nv_x{le="%s} 1 2 3 4',
        b'{"databricks_request_id": 1, "request": %s, "response": "["}']
    values = [b"null", b"[]", b"{}", b"1e400", b'"\\u0000"', b"[[[[]]]]", b'"' + b"z" * 5000 + b'"', b"-", b"true"]
    form = chance.choice(forms)
    body = [form.replace(b"%s", chance.choice(values)) for _ in range(60)]
    path.write_bytes(b"\n".join(body) + b"\n")


MAKERS: tuple[tuple[Maker, tuple[str, ...], int], ...] = (
    (broken_json, (".jsonl", ".log", ".json"), 8), (deep_json, (".jsonl",), 3), (long_line, (".jsonl", ".csv"), 2),
    (one_line, (".csv", ".jsonl"), 1), (many_keys, (".jsonl",), 3), (mixed_types, (".jsonl",), 6),
    (wide, (".csv", ".jsonl"), 2),
    (hostile_names, (".csv", ".jsonl"), 6), (hostile_values, (".jsonl",), 4), (ragged, (".csv", ".tsv", ".txt"), 8),
    (encodings, (".csv", ".jsonl", ".log"), 6), (nothing, (".csv", ".jsonl", ".gz", ".parquet"), 4),
    (packed, (".csv.gz", ".jsonl.zst", ".gz", ".log"), 6), (bomb, (".csv.gz", ".jsonl.gz"), 1),
    (parquet, (".parquet", ".csv"), 6), *((make, (".csv", ".jsonl", ""), 1) for make in (
        pipe, loop, device, folder, deep_folder, shut, listening, linked)),
    (no_log, (".csv", ".pkl", ".log", ".bin"), 5),
    (pretended, (".jsonl", ".log", ".prom"), 6), (spoiled_form, (".jsonl", ".log", ".prom"), 8),
    (bomb_behind, (".csv.gz", ".jsonl.gz", ".jsonl.zst"), 1), (slow, (".csv", ".log", ".jsonl"), 3),
)
"""What is made, under which endings, and how often against the others."""

ODD_NAMES = ("a b.csv", "a'b\".csv", "-rf.csv", "ünï.csv", "new\nline.csv", "*.csv", "$(touch ran).csv",
             "a" * 240 + ".csv",
             "%s.csv", "\\x.csv", "';--.csv")
NO_TEXT = b"bad\xff\xfename.csv"


def write(place: Path, count: int, seed: int) -> None:
    """The good file, and so many hostile ones in a few folders; one of each maker first. With odd names a few more."""
    chance = random.Random(seed)
    place.mkdir(parents=True, exist_ok=True)
    (place / "good.jsonl").write_bytes(b"\n".join(lines(chance, GOOD_ROWS)) + b"\n")
    for number, (make, ending) in enumerate(_chosen(chance, count)):
        inside = place / f"f{number % 7}"
        inside.mkdir(exist_ok=True)
        make(chance, inside / f"{make.__name__}{number}{ending}")
    for name in ODD_NAMES:
        (place / name).write_bytes(b"\n".join(table(chance, 20)) + b"\n")
    if sys.platform == "linux":
        Path(os.fsdecode(os.fsencode(place) + b"/" + NO_TEXT)).write_bytes(b"\n".join(table(chance, 20)) + b"\n")


def _chosen(chance: random.Random, count: int) -> Iterator[tuple[Maker, str]]:
    weights = [weight for _, _, weight in MAKERS]
    once = chance.sample(MAKERS, min(count, len(MAKERS)))
    for make, endings, _ in [*once, *chance.choices(MAKERS, weights, k=count - len(once))]:
        yield make, chance.choice(endings)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
