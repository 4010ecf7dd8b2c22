"""The program's own log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from console import logging_setup
from console.logging_setup import log_folder, set_up_logging


@pytest.fixture(autouse=True)
def _handlers_put_back() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in logging_setup.OURS]
    before = [(logger.handlers[:], logger.propagate, logger.level) for logger in loggers]
    yield
    for logger, (handlers, propagate, level) in zip(loggers, before, strict=True):
        for handler in logger.handlers:
            handler.close()
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


def test_that_what_the_rooms_log_is_in_the_file() -> None:
    path = set_up_logging()
    logging.getLogger("console.store").info("a word")
    logging.getLogger("widgets.app").warning("another")
    assert path is not None
    assert path.parent == log_folder()
    text = path.read_text()
    assert "INFO console.store: a word" in text
    assert "WARNING widgets.app: another" in text


def test_that_only_verbose_speaks_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging()
    logging.getLogger("console").info("quiet")
    set_up_logging(verbose=True)
    logging.getLogger("console").debug("loud")
    said = capsys.readouterr()
    assert "loud" in said.err
    assert "quiet" not in said.err
    assert said.out == ""


def test_that_setting_up_twice_writes_once() -> None:
    set_up_logging()
    path = set_up_logging()
    logging.getLogger("console").info("once only")
    assert path is not None
    assert path.read_text().count("once only") == 1


def test_that_the_file_is_rotated_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging_setup, "MAX_BYTES", 2000)
    path = set_up_logging()
    for number in range(500):
        logging.getLogger("console").info("line %d of many", number)
    assert path is not None
    files = sorted(path.parent.iterdir())
    assert len(files) == 1 + logging_setup.KEPT_FILES
    assert all(file.stat().st_size <= 2000 for file in files)


def test_that_a_folder_that_cannot_be_made_stops_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PILOTHOUSE_HOME", str(tmp_path / "file"))
    assert set_up_logging() is None
    logging.getLogger("console").info("lost, and no harm done")
