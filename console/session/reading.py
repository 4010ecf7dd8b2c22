"""Reading the folder: load, follow, read quarantined records again. One of them at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from console.errors import BadSettings
from console.jobs import Job, JobStopped, SilentJob
from console.logs import memory
from console.logs.discover import discover
from console.logs.follow import Change, Follower
from console.logs.identity import copies_of
from console.logs.load import LoadReport, load_folder
from console.logs.plan import Compression, FileFormat, FolderPlan, StreamPlan
from console.logs.refusals import NothingToLoad
from console.logs.replay import ReplayReport, replay
from console.logs.walk import walk
from console.logs.writing import Streams
from console.session import paths, settings
from console.store.ledger import LEFT_OUT

if TYPE_CHECKING:
    from console.store import Workspace

HALF_READ = ("loading",)
"""States of files that a stopped load has begun: following leaves them alone until it is gone on with."""


LOOK_S = 0.5
"""While files grow, others that appear are seen so much later at most."""


class Reading:
    """The files of one folder and what was planned for them. Safe to call from several threads."""

    def __init__(self, store: Workspace, folder: Path | None, zone: str | None) -> None:
        self._store, self._folder, self._zone = store, folder, zone
        self._lock = threading.Lock()
        self._follower: Follower | None = None
        self._seen: frozenset[str] = frozenset()
        self.plan: FolderPlan | None = None
        self.loading = False
        self.stopped = False        # a load was stopped, and not gone on with
        self.waits = False          # the folder was empty: it is loaded as soon as a file comes

    @property
    def following(self) -> bool:
        """Whether new rows would be read."""
        return self._follower is not None

    def close(self) -> None:
        """Lets go of all files."""
        if self._follower is not None:
            self._follower.close()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While nothing else is read; a poll gives way, a load does not. Raises BadSettings then."""
        if not self._lock.acquire(timeout=10.0):
            raise BadSettings("The folder is being read", do="Wait until loading has ended, or stop it")
        try:
            yield
        finally:
            self._lock.release()

    # ---- load ----------------------------------------------------------------------------------------------

    def load(self, job: Job, on_change: Callable[[], None]) -> LoadReport:
        """What is new in the folder. Raises ConsoleError, JobStopped; following begins with what is known by then."""
        with self.alone():
            self.loading = True
            try:
                return self._load(job, on_change)
            finally:
                self.loading = False

    def _load(self, job: Job, on_change: Callable[[], None]) -> LoadReport:
        folder = self._the_folder()
        self.close()
        self._follower = None
        known = memory.kept_streams(self._store.streams(), self._store.ledger())
        try:
            self.plan = discover(folder, job, zone=self._zone, known=known,
                                 settings=settings.read(self._store, folder))
        except NothingToLoad as nothing:
            self.plan, self.waits, self._seen = nothing.plan, nothing.empty, frozenset()
            self._leave_out(nothing.plan)
            raise
        except JobStopped:
            self.stopped = True
            raise
        self.waits = False
        self._store.set_notes(self.plan.notes)
        self._leave_out(self.plan)
        try:
            report = load_folder(self.plan, self._store, job, on_change=on_change)
        except JobStopped:
            self.stopped = True
            self._follower = Follower(folder, self._store, self._as_kept(), skip=self._not_yet(self.plan),
                                      look_s=LOOK_S)
            raise
        self.stopped = False
        self._fill_paths()
        self._follower = Follower(folder, self._store, self._as_kept(), look_s=LOOK_S)
        return report

    def _not_yet(self, plan: FolderPlan) -> set[str]:
        """Files that a stopped load has not read to their end."""
        done = {entry.path for entry in self._store.ledger() if entry.state not in HALF_READ or (
            entry.compression == Compression.NONE and entry.format != FileFormat.PARQUET
            and entry.offset >= entry.size)}
        return {file.path for stream in plan.streams for file in stream.files} - done

    def _leave_out(self, plan: FolderPlan) -> None:
        """The ledger follows what the user wants: rows of files left out go, files wanted again are unknown, and so are
        those that were not read because they repeat what is left out now."""
        wanted = dict(plan.left_out)
        entries = self._store.ledger()
        back = [entry.file_id for entry in entries if entry.state == LEFT_OUT and entry.path not in wanted]
        known = {entry.path for entry in entries if entry.state == LEFT_OUT}
        out = [path for path in wanted if path not in known]
        if not back and not out:
            return
        copies = copies_of(entries, out)
        with self._store.correcting() as corrections:
            for file_id in copies:
                corrections.read_anew(file_id)
            for file_id in back:
                corrections.take_in(file_id)
            for path in out:
                corrections.leave_out(path, f"Left out by the pattern {wanted[path]}")

    def _fill_paths(self) -> None:
        """Values from the path for files that were loaded before they were asked for."""
        if self.plan is not None and self.plan.settings is not None:
            for stream in self._store.streams():
                paths.fill(self._store, stream, self.plan.settings)

    # ---- follow --------------------------------------------------------------------------------------------

    def poll(self, job: Job, on_change: Callable[[], None]) -> Change | None:
        """What came since; None when nothing is followed. A folder that was empty is loaded once it has a file."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            if self._follower is not None:
                return self._follower.poll(job)
            if self.waits and self._has_files(job):
                report = self._load(job, on_change)
                return Change(report.rows_loaded, report.rows_quarantined, report.files)
            return None
        except NothingToLoad:
            return None
        finally:
            self._lock.release()

    def _has_files(self, job: Job) -> bool:
        """Whether there are other files than at the last look."""
        found = frozenset(f"{each.path} {each.place.stat().st_size}" for each in walk(self._the_folder(), job)[0])
        changed, self._seen = found != self._seen, found
        return changed and bool(found)

    # ---- corrections ---------------------------------------------------------------------------------------

    def renew(self, *, anew: bool = False) -> None:
        """After a correction: plan and follower as the workspace has them now. While `alone`.

        anew  names or values from the path changed: the plan is made again from the heads of the files
        """
        if self.plan is None or self._folder is None:
            return
        said = settings.read(self._store, self._folder)
        if anew:
            known = memory.kept_streams(self._store.streams(), self._store.ledger())
            try:
                self.plan = discover(self._folder, SilentJob(), zone=self._zone, known=known, settings=said)
            except NothingToLoad as nothing:
                self.plan = nothing.plan
        else:
            self.plan = replace(self._as_kept(), settings=said)
        if self._follower is not None:
            self._follower.close()
            skip = self._not_yet(self.plan) if self.stopped else ()
            self._follower = Follower(self._folder, self._store, self.plan, skip=skip, look_s=LOOK_S)

    def replay(self, job: Job, stream: str | None) -> ReplayReport:
        """Records in quarantine once more. Raises ConsoleError, JobStopped (what was read by then stays)."""
        with self.alone():
            folder = self._the_folder()
            if self.plan is None:
                known = memory.kept_streams(self._store.streams(), self._store.ledger())
                self.plan = discover(folder, job, zone=self._zone, known=known,
                                     settings=settings.read(self._store, folder))
            if self._follower is not None:
                self._follower.poll(job)
            plans = dict(self._follower.plans) if self._follower is not None else {
                file.path: (each.name, file) for each in self.plan.streams for file in each.files}
            kept = self._as_kept()
            self.close()        # their counts would be written over the new ones: the ledger says where to go on
            try:
                return replay(self._store, folder, Streams(self._store, kept.streams), plans, job, stream)
            finally:
                self.renew()

    def _as_kept(self) -> FolderPlan:
        """The plan with its streams as the workspace has them, and with what came while following."""
        assert self.plan is not None
        infos = {info.name: info for info in self._store.streams()}
        streams: tuple[StreamPlan, ...] = self._follower.streams if self._follower is not None else self.plan.streams
        return replace(self.plan, streams=tuple(
            memory.as_kept(stream, infos[stream.name]) if stream.name in infos else stream for stream in streams))

    def _the_folder(self) -> Path:
        if self._folder is None:
            raise BadSettings("A workspace without its folder cannot be loaded again", where=str(self._store.path))
        return self._folder
