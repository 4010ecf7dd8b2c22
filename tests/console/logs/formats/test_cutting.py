"""Many small blocks cut in one go give what each of them gives alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from console.logs import formats
from console.logs.formats.cutting import SqlCutter
from console.logs.plan import Compression, FileFormat, FilePlan
from console.logs.records import Cut


def capture(number: int, data: str = "1,2.5", said: str = "0.25") -> str:
    """A request as SageMaker captures it."""
    return json.dumps({
        "captureData": {"endpointInput": {"data": data, "encoding": "CSV", "observedContentType": "text/csv"},
                        "endpointOutput": {"data": said, "encoding": "CSV", "observedContentType": "text/csv"}},
        "eventMetadata": {"eventId": f"e-{number}", "inferenceTime": "2026-03-02T10:00:00Z"}})


SAGEMAKER = [
    capture(1) + "\n" + capture(2, "3,4\n5,6", "0.5\n0.75") + "\n",
    "\n",
    "not json\n" + capture(3) + "\n\n" + '{"other": 1}\n',
    capture(4, "1,2,3") + "\n",
    "# said by hand\n" + capture(5) + "\n",
]

ACCESS = [
    '10.0.0.1 - - [02/Mar/2026:10:00:00 +0000] "POST /predict HTTP/1.1" 200 17 "-" "curl/8"\n',
    "no such line\n\n"
    '10.0.0.2 - - [02/Mar/2026:10:00:01 +0000] "GET /health HTTP/1.1" 200 2 "-" "curl/8"\n',
    '10.0.0.3 - - [02/Mar/2026:10:00:02 +0000] "POST /predict HTTP/1.1" 500 0 "-" "curl/8"\n',
]


def cutter_of(form: str, blocks: list[str]) -> SqlCutter:
    known = formats.recognise(formats.look_at_text("x.log", "".join(blocks), whole=True))
    assert known is not None and known[0].name == form
    plan = FilePlan("a/b/2026/03/02/10/x.log", FileFormat.LINES, Compression.NONE, 0, 0, (), dialect=form)
    cutter = known[0].cutter(plan)
    assert isinstance(cutter, SqlCutter)
    return cutter


def rows_of(cutter: SqlCutter, cut: Cut) -> list[dict[str, Any]]:
    """Rows by the names of their fields, without those that are empty."""
    return [{(cutter.keys[int(name)] if name.isdigit() else name): value for name, value in row.items()
             if value is not None} for table in cut.tables for row in table.to_pylist()]


@pytest.mark.parametrize(("form", "blocks"), [("sagemaker", SAGEMAKER), ("access-log", ACCESS)])
def test_together_as_alone(form: str, blocks: list[str]) -> None:
    texts = [block.encode() for block in blocks]
    together = cutter_of(form, blocks)
    alone = cutter_of(form, blocks)
    parts = together.cut_together(texts)
    assert len(parts) == len(texts)
    for text, part in zip(texts, parts, strict=True):
        own = alone.cut(text, final=False)
        assert rows_of(together, part) == rows_of(alone, own)
        assert (part.records, part.consumed, part.lines) == (own.records, own.consumed, own.lines)
        assert [part.line_of(record) for record in range(part.records)] == [
            own.line_of(record) for record in range(own.records)]
        assert part.bad == own.bad
        assert part.ignored == own.ignored
        assert part.records == part.rows + len(part.bad) + sum(part.ignored.values())
    together.close()
    alone.close()


def test_what_stands_where_is_counted_by_hand() -> None:
    """Two captures are three rows, for one is a batch; a blank line; two bad lines around a good one."""
    cutter = cutter_of("sagemaker", SAGEMAKER)
    parts = cutter.cut_together([block.encode() for block in SAGEMAKER])
    cutter.close()
    assert [part.rows for part in parts] == [3, 0, 1, 1, 1]
    assert [part.lines for part in parts] == [2, 1, 4, 1, 2]
    assert [dict(part.ignored) for part in parts] == [{}, {"blank line": 1}, {"blank line": 1}, {}, {"comment": 1}]
    assert [(bad.record, bad.line) for bad in parts[2].bad] == [(0, 0), (3, 3)]
