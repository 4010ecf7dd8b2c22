"""What is about persons stays in the house: it is in no format and no file, and the numbers are the same without it."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from console.drift.view import DriftView
from console.jobs import SilentJob
from console.reports.redaction import MASK
from console.reports.view import ActionItem, Lessons, Note, ReportView
from console.session import Session
from console.window import Window

ROWS = 2000
CITIES = ["Anna Berg", "Ben Okoro", "Chloe Diaz"]


@dataclass(frozen=True)
class Made:
    frame: pd.DataFrame
    before: DriftView           # of the values themselves
    view: ReportView
    unpacked: Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("redacted")
    random = np.random.default_rng(5)
    half = ROWS // 2
    ip = [f"10.20.{at % 4}.77" for at in range(half)] + [f"10.20.{at % 2}.77" for at in range(half)]
    frame = pd.DataFrame({
        "ts": pd.date_range("2026-03-02", periods=ROWS, freq="30s", tz="UTC").strftime("%Y-%m-%dT%H:%M:%SZ"),
        "user_id": [f"customer-{at:05d}" for at in random.integers(0, 300, ROWS)],
        "client_ip": ip, "full_name": [CITIES[at % 3] for at in range(ROWS)],
        "street": [f"Lane {text[6]}" for text in ip],
        "latitude": random.normal(52.52, 0.01, ROWS).round(6),
        "prompt": [f"please write to me at somebody{at}@example.org soon" for at in range(ROWS)],
        "latency_ms": random.normal(20, 2, ROWS).round(3), "status_code": [200] * half + [200, 500] * (half // 2),
        "device": ["phone", "desktop"] * half})
    (root / "logs").mkdir()
    frame.to_csv(root / "logs" / "requests.csv", index=False)
    with (root / "logs" / "requests.csv").open("a") as file:
        file.write("no time,customer-99999,10.20.9.77,broken\n")
    session = Session.open(root / "logs", workspace=root / "w.duckdb")
    session.load(SilentJob())
    whole = session.selection().whole
    assert whole is not None
    middle = whole.start + (whole.end - whole.start) / 2
    session.brush("reference", Window(whole.start, middle))
    session.brush("current", Window(middle, whole.end))
    before = session.compare(Window(whole.start, middle), Window(middle, whole.end), SilentJob())
    kept = session.create_incident("Errors for 10.20.1.77", window=Window(middle, whole.end),
                                   reference=Window(whole.start, middle))
    user = frame["user_id"][ROWS - 1]
    session.update_incident(replace(
        kept, notes=f"{user.upper()} and anna berg called; ask Ben. 12.50 is the price.", authors=("Ben",),
        log=(Note(middle, "Ben", f"{user} again, from Lane 1"),), lessons=Lessons(trigger=f"({user})", factors=(user,)),
        actions=(ActionItem(f"Write to {user}"),)))
    view = session.report(kept.incident_id, SilentJob())
    session.write_report(view, root / "r.zip", SilentJob())
    session.close()
    with zipfile.ZipFile(root / "r.zip") as packed:
        packed.extractall(root / "unpacked")
    (unpacked,) = (root / "unpacked").iterdir()
    return Made(frame, before, view, unpacked)


def test_that_the_report_says_what_was_redacted(made: Made) -> None:
    assert {one.column: one.how for one in made.view.redacted} == {
        "user_id": "pseudonym", "client_ip": "pseudonym", "full_name": "pseudonym", "street": "pseudonym",
        "latitude": "masked", "prompt": "masked"}


@pytest.mark.parametrize("needle", [b"customer-0", b"10.20.", b"Anna", b"Okoro", b"Lane ", b"@example.org",
                                    b"please write", b"customer-99999"])
def test_that_no_value_is_in_any_file(made: Made, needle: bytes) -> None:
    files = [path for path in made.unpacked.rglob("*") if path.is_file()]
    assert len(files) > 30
    for path in files:
        content = path.read_bytes()
        if path.suffix == ".parquet":
            rows = duckdb.connect().execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
            content = repr(rows).encode()
        assert needle not in content, path


def test_that_words_by_people_tell_no_value_and_the_report_says_how_many_they_held(made: Made) -> None:
    incident, user = made.view.incident, made.frame["user_id"][ROWS - 1]
    assert re.fullmatch(r"Errors for id-[0-9a-f]{12}", incident.title)
    assert re.fullmatch(r"id-[0-9a-f]{12} and id-[0-9a-f]{12} called; ask Ben\. 12\.50 is the price\.",
                        incident.notes)
    name = incident.notes.partition(" ")[0]
    assert incident.lessons.trigger == f"({name})" and incident.lessons.factors == (name,)
    assert incident.actions[0].action == f"Write to {name}"
    assert re.fullmatch(rf"{name} again, from id-[0-9a-f]{{12}}", incident.log[0].text)
    assert f"{name} again" in " ".join(what for _, what, _ in made.view.timeline)
    assert incident.authors == ("Ben",) and user not in repr(made.view.timeline)
    assert "4 values of redacted columns were replaced in words by people." in made.view.data_quality


def test_that_no_coordinate_is_told(made: Made) -> None:
    told = {str(value) for value in made.frame["latitude"]}
    for path in made.unpacked.rglob("*.*"):
        if path.suffix in (".json", ".csv", ".html", ".md"):
            text = path.read_text()
            assert not [value for value in told if len(value) == 9 and value in text], path
    (values,) = duckdb.connect().execute(
        "SELECT list(DISTINCT latitude) FROM read_parquet(?)", [f"{made.unpacked}/logs/*/*.parquet"]).fetchall()
    assert values == ([0.0],)


def test_that_users_and_categories_are_counted_as_before(made: Made) -> None:
    inside = made.frame.iloc[ROWS // 2:-1]
    (users,) = duckdb.connect().execute(
        "SELECT count(DISTINCT user_id) FROM read_parquet(?) WHERE ts >= '2026-03-02 08:20:00'",
        [f"{made.unpacked}/rows/events.parquet"]).fetchall()
    assert users[0] in (inside["user_id"].nunique(), made.frame.iloc[ROWS // 2:]["user_id"].nunique())
    assert made.view.users == users[0]
    assert made.view.drift is not None
    rows = {row.column: row for row in made.view.drift.columns if row.kind != "missing"}
    kept = {row.column: row for row in made.before.columns if row.kind != "missing"}
    assert rows["street"].statistic == pytest.approx(kept["street"].statistic)
    assert rows["street"].effect == pytest.approx(kept["street"].effect) and rows["street"].effect > 0.4
    assert not {"latitude", "prompt"} & set(rows)


def test_that_examples_and_unread_lines_show_what_stands_in_their_place(made: Made) -> None:
    cells = dict(made.view.examples[0].cells)
    assert cells["user_id"].startswith("id-") and cells["prompt"] == MASK and cells["latitude"] == MASK
    assert cells["device"] in ("phone", "desktop")
    assert [line.raw for line in made.view.quarantined.samples] == [MASK] * len(made.view.quarantined.samples)
    data = json.loads((made.unpacked / "report.json").read_text())
    assert [row["raw"] for row in data["quarantined"]["samples"]] == [MASK] * len(made.view.quarantined.samples)
