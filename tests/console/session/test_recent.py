"""The list of folders opened before."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from console.session.places import data_folder
from console.session.recent import MOST, forget_folder, recent_folders, remember_folder


def test_that_the_folder_opened_last_comes_first_and_only_once(tmp_path: Path) -> None:
    for name in ("a", "b", "a"):
        (tmp_path / name).mkdir(exist_ok=True)
        remember_folder(tmp_path / name, 7)
    assert [one.name for one in recent_folders()] == ["a", "b"]
    assert recent_folders()[0].rows == 7


def test_that_a_folder_that_is_gone_is_told_as_missing(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    remember_folder(tmp_path / "gone", 1)
    shutil.rmtree(tmp_path / "gone")
    assert [one.state for one in recent_folders()] == ["missing"]


def test_that_a_forgotten_folder_leaves_the_list(tmp_path: Path) -> None:
    remember_folder(tmp_path, 1)
    forget_folder(str(tmp_path.resolve()))
    assert recent_folders() == ()


def test_that_the_list_does_not_grow_for_ever(tmp_path: Path) -> None:
    for number in range(MOST + 5):
        remember_folder(tmp_path / str(number), 0)
    assert len(recent_folders()) == MOST


@pytest.mark.parametrize("text", ["", "[", "{}", '[{"path": 1}]', '[1, 2]', "\0"])
def test_that_a_broken_list_is_an_empty_one(text: str) -> None:
    (data_folder() / "recent.json").write_text(text)
    assert recent_folders() == ()
    remember_folder(Path("/somewhere"), 3)
    assert len(recent_folders()) == 1
