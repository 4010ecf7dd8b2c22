"""`pilothouse drift`: two windows of a log, or two files, column by column."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.common import AsJson, Attach, Fresh, opened, parse_window, print_json, say, terminal_job
from console.drift.view import ChosenTest, DriftView, Verdict
from console.errors import BadSettings
from console.window import Window

if TYPE_CHECKING:
    from console.session import Session
    from console.session.selection import Side

JUDGES = {"alarm": (Verdict.ALARM,), "watch": (Verdict.ALARM, Verdict.WATCH)}


def drift(target: Annotated[Path | None, typer.Argument(metavar="[WORKSPACE|FOLDER]",
                                                        help="A workspace or a log folder.")] = None,
          reference: Annotated[str | None, typer.Option(help="The window to compare with: A..B, `previous-day`, "
                                                             "`previous-week`, `just-before`, `first-quarter`, or the "
                                                             "name of one that is kept.")] = None,
          current: Annotated[str | None, typer.Option(help="The window in question: C..D, `last-quarter`, `last-day`, "
                                                           "`last-hour`, or the name of one that is kept.")] = None,
          reference_stream: Annotated[str | None, typer.Option(help="A reference stream of the log instead of the "
                                                                    "reference window.")] = None,
          reference_version: Annotated[str | None, typer.Option(help="The rows of a model version against those of all "
                                                                     "others, at the same time.")] = None,
          reference_file: Annotated[Path | None, typer.Option(help="A file instead of the reference window.")] = None,
          current_file: Annotated[Path | None, typer.Option(help="A file instead of the current window.")] = None,
          columns: Annotated[list[str] | None, typer.Option(help="Only these columns; may be given again, or "
                                                                 "separated by commas.")] = None,
          tests: Annotated[list[str] | None, typer.Option(help="Tests to show beside the verdict, such as "
                                                               "`anderson,hellinger`; may be given again.")] = None,
          outcomes: Annotated[bool, typer.Option("--outcomes", help="Hold answers against what came true: errors over "
                                                                    "time, P(X), P(Y), P(Y|X).")] = False,
          joint: Annotated[bool, typer.Option("--joint", help="All columns at once: a classifier, and correlations."
                                              )] = False,
          skew: Annotated[bool, typer.Option("--skew", help="Training against serving, with the probable cause.")
                          ] = False,
          current_version: Annotated[str, typer.Option(help="With --reference-version in --outcomes, --joint, --skew: "
                                                            "that version instead of all others.")] = "",
          fail_on: Annotated[str | None, typer.Option(help="End with 1 on `alarm`, or on `watch` and worse.")] = None,
          over_time: Annotated[bool, typer.Option("--over-time", help="Every column over the whole log: what kind of "
                                                                      "change, and since when.")] = False,
          bucket: Annotated[str | None, typer.Option(help="With --over-time: length of a bucket, such as 6h; else "
                                                          "a sixtieth of the log.")] = None,
          incident: Attach = None, fresh: Fresh = False, json: AsJson = False) -> None:
    """Test every column for drift between two windows or two files, or over the whole log."""
    if fail_on is not None and fail_on not in JUDGES:
        raise BadSettings(f"--fail-on does not know `{fail_on}`", do="Choose alarm or watch")
    if over_time:
        if any(one is not None for one in (reference_file, reference_stream, reference_version, current_file)) or tests:
            raise BadSettings("--over-time compares a log with a window of its own",
                              do="Give windows only, and leave out files, streams, versions and --tests")
        if _over_time(target, reference, current, bucket, _parts(columns) or None, incident, fresh, json) in \
                JUDGES.get(fail_on or "", ()):
            raise typer.Exit(1)
        return
    if bucket is not None:
        raise BadSettings("--bucket goes with --over-time", do="Give both")
    if outcomes or joint or skew:
        from console.commands import drift_more

        asked = drift_more.Asked(outcomes, joint, skew, reference, reference_file, reference_stream or "", current,
                                 reference_version or "", current_version, incident)
        verdict = drift_more.answer(target, asked, _window, fresh=fresh, json=json)
        if fail_on is not None and verdict in JUDGES[fail_on]:
            raise typer.Exit(1)
        return
    if incident is not None:
        raise BadSettings("The report of an incident tests its own windows", do="Give --over-time, --outcomes, --joint "
                                                                                "or --skew with --incident")
    if current_version:
        raise BadSettings("--current-version is for --outcomes, --joint and --skew", do="Add one of them")
    from console.drift.chosen import known
    from console.session.drift_documents import drift_document

    beside = known(_parts(tests))
    names = _parts(columns) or None
    against = _against(reference_file, reference_stream, reference_version)
    view, relative = _compared(target, reference, current, against, current_file, names, beside, fresh)
    if json:
        print_json(drift_document(view, relative=relative))
    else:
        _tell(view)
    if fail_on is not None and view.verdict in JUDGES[fail_on]:
        raise typer.Exit(1)


def _over_time(target: Path | None, reference: str | None, current: str | None, bucket: str | None,
               names: tuple[str, ...] | None, incident: str | None, fresh: bool, json: bool) -> Verdict:
    from console.commands.over_time import document, tell
    from console.metrics.grid import parse_length

    if target is None:
        raise BadSettings("There is no log to look at over time", do="Give a folder or a workspace")
    bucket_s = parse_length(bucket) if bucket else None
    with opened(target, fresh=fresh) as session, terminal_job() as job:
        after = _window(current, "current", None, session) if current else None
        before = _window(reference, "reference", after, session) if reference else None
        view = session.drift_over_time(job, reference=before, current=after, bucket_s=bucket_s, names=names)
        if incident is not None:
            session.attach_answer(incident, view)
            say(f"Attached to {incident}.")
    if json:
        print_json(document(view))
    else:
        tell(view)
    return view.verdict


def _against(file: Path | None, stream: str | None, version: str | None) -> str:
    """What is the reference instead of a window, as the session calls it; "" for nothing."""
    given = [f"{kind}:{value}" for kind, value in (("file", file), ("stream", stream), ("version", version))
             if value is not None]
    if len(given) > 1:
        raise BadSettings("More than one reference is given",
                          do="Give one of --reference-file, --reference-stream and --reference-version")
    return given[0] if given else ""


def _compared(target: Path | None, reference: str | None, current: str | None, against: str,
              current_file: Path | None, names: tuple[str, ...] | None, tests: tuple[str, ...],
              fresh: bool) -> tuple[DriftView, bool]:
    """The result, and whether the times of its windows count from a start that the log does not name."""
    from console.session import compare

    if target is None:
        reference_file = Path(against.removeprefix("file:")) if against.startswith("file:") else None
        if reference_file is None or current_file is None:
            missing = "current" if current_file is None else "reference"
            raise BadSettings(f"Without a folder two files are needed; the {missing} file is not given",
                              do="Give --reference-file and --current-file, or a folder and two windows")
        with terminal_job() as job:
            return compare.files(reference_file, current_file, job, names, tests), False
    if current_file is not None or (reference is None) == (not against):
        raise BadSettings("A folder is compared with one reference and one window of its own",
                          do="Give --reference A..B or --reference-file F, and --current C..D")
    with opened(target, fresh=fresh) as session, terminal_job() as job:
        after = _window(current, "current", None, session) if current else None
        relative = session.store.relative
        if against:
            return session.compare_with(against, after, job, names, tests), relative
        if after is None:
            raise BadSettings("The current window is not given", do="Give --current C..D")
        assert reference is not None
        before = _window(reference, "reference", after, session)
        return session.compare(before, after, job, names, tests=tests), relative


def _window(text: str, side: Side, other: Window | None, session: Session) -> Window:
    """Two times, a word, or the name of a window that is kept."""
    from console.session.windows import chosen

    whole = session.selection().whole
    if ".." in text or whole is None:
        return parse_window(text, session=session)
    return chosen(text, side, other, whole, session.kept_windows.all())


def _tell(view: DriftView) -> None:
    say(f"{view.reference_name} ({view.n_reference:,} rows) against {view.current_name} ({view.n_current:,} rows)")
    for row in view.columns:
        typer.echo(f"{row.verdict.value.replace('_', ' '):<8} {row.sentence}")
        for test in row.chosen:
            typer.echo(f"         {_told(test)}")
    say(view.sentence)


def _told(test: ChosenTest) -> str:
    """`hellinger 0.31, limit 0.1` or `welch -4.2, standard deviations 0.31, p 1e-05, adjusted 2e-05`."""
    if isnan(test.p_value):
        told = f"{test.name} {test.statistic:.4g}"
        return told if isnan(test.effect) else \
            f"{told}, {test.effect_name} {test.effect:.4g}, limit {test.limit:.3g}" \
            if test.effect != test.statistic else f"{told}, limit {test.limit:.3g}"
    return f"{test.name} {test.statistic:.4g}, {test.effect_name} {test.effect:.4g}, p {test.p_value:.3g}, " \
           f"adjusted {test.p_adjusted:.3g}"


def _parts(given: list[str] | None) -> tuple[str, ...]:
    return tuple(part.strip() for item in given or () for part in item.split(",") if part.strip())
