"""Random sequences of all that happens to logs, against a model of which rows must be there, each exactly once.

Not in the model, since nobody could do better: rows that are cut away before any look, or deleted with a file that no
look has seen a row in; and lines written between the copy and the cut of a rotation by copying.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from console.errors import CannotWrite
from console.store.writer import Writer
from tests.console.logs.following.world import World

COUNTS = st.integers(1, 12)
SHARES = st.floats(0.0, 0.999)


class Log(RuleBasedStateMachine):
    """One folder with a log `app` that a writer has open, what became of earlier ones, and files beside it."""

    kind = "csv"
    look_s = 0.0

    @initialize()
    def begin(self) -> None:
        """Twenty rows, read."""
        self.place = tempfile.TemporaryDirectory()
        self.world = World(Path(self.place.name), self.kind, look_s=self.look_s)
        self.next = 20
        self.written: list[str] = [f"r{number}" for number in range(20)]
        self.writer: IO[bytes] = self.world.log.open("ab", buffering=0)
        self.torn = b""
        self.old: tuple[IO[bytes], bytes, Path] | None = None      # a writer that still has a renamed file open
        self.aside: list[Path] = []                                 # renamed, written by nobody any more
        self.turned = 0

    # ------------------------------------------------------------------ what a writer does
    def rows(self, count: int) -> bytes:
        """New rows, which must be there in the end."""
        first, self.next = self.next, self.next + count
        self.written += [f"r{number}" for number in range(first, self.next)]
        return self.world.rows(first, self.next).encode()

    def finish(self) -> None:
        """The rest of a line."""
        self.writer.write(self.torn)
        self.torn = b""

    def name(self) -> Path:
        """Of the next file that is put aside."""
        self.turned += 1
        return self.world.place(f"app-{self.turned:03d}")

    @rule(count=COUNTS)
    def append(self, count: int) -> None:
        """Whole lines."""
        self.finish()
        self.writer.write(self.rows(count))

    @rule(count=COUNTS, share=SHARES)
    def append_in_part(self, count: int, share: float) -> None:
        """Lines of which the last bytes come later."""
        self.finish()
        text = self.rows(count)
        cut = int(len(text) * share)
        self.writer.write(text[:cut])
        self.torn = text[cut:]

    @precondition(lambda self: self.old is None)
    @rule(header=st.booleans())
    def rename(self, header: bool) -> None:
        """The log is put aside under another name; whoever has it open goes on there for a while."""
        aside = self.name()
        self.world.log.rename(aside)
        self.old = self.writer, self.torn, aside
        self.writer, self.torn = self.world.log.open("ab", buffering=0), b""
        if header:
            self.writer.write(self.world.header.encode())
            self.writer.write(self.rows(2))
        else:
            self.writer.write(self.world.header.encode() + self.rows(1))

    @precondition(lambda self: self.old is not None)
    @rule(count=COUNTS)
    def write_late(self, count: int) -> None:
        """The last lines to a file that was renamed."""
        assert self.old is not None
        file, torn, path = self.old
        file.write(torn + self.rows(count))
        file.close()
        self.aside.append(path)
        self.old = None

    @rule()
    def copy_and_cut(self) -> None:
        """The log is copied aside and emptied; its writer goes on, without a header."""
        self.finish()
        if self.world.log.stat().st_size:
            shutil.copyfile(self.world.log, self.name())
            self.writer.truncate(0)

    @precondition(lambda self: bool(self.aside))
    @rule(keep=st.booleans())
    def pack(self, keep: bool) -> None:
        """A file that was put aside is compressed."""
        path = self.aside.pop(0)
        Path(f"{path}.gz").write_bytes(gzip.compress(path.read_bytes()))
        if not keep:
            path.unlink()

    @rule(count=COUNTS)
    def cut_away(self, count: int) -> None:
        """The log is emptied and written from its beginning. What was read before stays."""
        self.finish()
        self.settle()
        self.writer.truncate(0)
        self.writer.write(self.world.header.encode() + self.rows(count))

    @rule(count=COUNTS, in_place=st.booleans())
    def rewrite(self, count: int, in_place: bool) -> None:
        """The log is written anew, with what it had and more."""
        self.finish()
        text = self.world.log.read_bytes() + self.rows(count)
        if in_place:
            with self.world.log.open("wb") as log:
                log.write(text)
            return
        fresh = self.world.path / "fresh.tmp"
        fresh.write_bytes(text)
        fresh.replace(self.world.log)
        self.writer.close()
        self.writer = self.world.log.open("ab", buffering=0)

    @precondition(lambda self: self.world.log.stat().st_size > 0)
    @rule(count=COUNTS)
    def remove(self, count: int) -> None:
        """The log gets its last lines and is deleted; another takes its name."""
        self.finish()
        self.settle()
        self.writer.write(self.rows(count))
        self.world.log.unlink()
        self.settle()
        self.writer.close()
        self.writer = self.world.log.open("ab", buffering=0)
        self.writer.write(self.world.header.encode() + self.rows(count))

    @rule(count=COUNTS, folder=st.sampled_from(["", "host-a/", "host-b/deep/"]))
    def new_file(self, count: int, folder: str) -> None:
        """A file of its own."""
        self.world.file(f"{folder}job-{self.next:05d}", self.world.header.encode() + self.rows(count))

    # ------------------------------------------------------------------ what the program does
    @rule()
    def poll(self) -> None:
        """One look."""
        self.world.poll()

    @rule()
    def settle(self) -> None:
        """Until nothing comes."""
        self.world.settle()

    @rule(seconds=st.sampled_from([0.5, 2.0, 6.0, 40.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.world.now += seconds

    @rule()
    def restart(self) -> None:
        """As a user does it."""
        self.world.restart()

    @rule(where=st.sampled_from(["append", "flush", "quarantine", "update_file"]), again=st.booleans())
    def crash(self, where: str, again: bool) -> None:
        """In the midst of a transaction; the program goes on, or is started again."""
        def breaks(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        with pytest.MonkeyPatch.context() as broken:
            broken.setattr(Writer, where, breaks)
            with contextlib.suppress(CannotWrite):
                self.world.poll()
        if again:
            self.world.restart()

    def teardown(self) -> None:
        """Everything is finished and read; then each row must be there once."""
        if not hasattr(self, "world"):
            return
        try:
            self.finish()
            if self.old is not None:
                self.write_late(count=1)
            self.world.settle(wait_s=40.0)
            self.holds()
            self.world.restart()
            self.world.settle(wait_s=40.0)
            self.holds()
        finally:
            self.writer.close()
            self.world.stop()
            self.place.cleanup()

    def holds(self) -> None:
        """See World.holds."""
        self.world.holds(*self.written)


class JsonLog(Log):
    """The same for JSON lines, and while they grow not all names are looked at each time."""

    kind = "jsonl"
    look_s = 0.25


@pytest.mark.parametrize("examples", [pytest.param(3, id="3 sequences"),
                                      pytest.param(200, id="200 sequences", marks=pytest.mark.long)])
@pytest.mark.parametrize("log", [Log, JsonLog], ids=["csv", "jsonl"])
def test_that_whatever_happens_to_logs_each_row_is_there_once(log: type[Log], examples: int) -> None:
    phases = [Phase.explicit, Phase.generate] if os.environ.get("CI") else list(Phase)
    run_state_machine_as_test(log, settings=settings(
        max_examples=examples, stateful_step_count=25, deadline=None, database=None, phases=phases,
        suppress_health_check=list(HealthCheck)))
