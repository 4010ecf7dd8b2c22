"""How the program ends."""

from __future__ import annotations

import pytest

import console.commands
from console.__main__ import OUR_FAULT, main
from console.errors import BadSettings


def ending(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    def run(**_: object) -> None:
        raise error

    monkeypatch.setattr(console.commands, "app", run)
    monkeypatch.setattr("sys.argv", ["pilothouse", "load"])
    with pytest.raises(SystemExit) as end:
        main()
    assert isinstance(end.value.code, int)
    return end.value.code


def test_that_what_the_user_can_mend_is_one_sentence_and_2(monkeypatch: pytest.MonkeyPatch,
                                                           capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(monkeypatch, BadSettings("It is red", where="here", do="Paint it")) == 2
    said = capsys.readouterr()
    assert said.err == "pilothouse: here: It is red. Paint it.\n"
    assert said.out == ""


def test_that_a_fault_of_ours_is_neither_1_nor_2_and_shows_its_trace(monkeypatch: pytest.MonkeyPatch,
                                                                     capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(monkeypatch, ZeroDivisionError("boom")) == OUR_FAULT
    said = capsys.readouterr()
    assert "ZeroDivisionError: boom" in said.err
    assert "fault of Pilothouse" in said.err


WORDS = [
    pytest.param([], True, id="nothing"),
    pytest.param(["./logs"], True, id="a path"),
    pytest.param(["."], True, id="here"),
    pytest.param(["/var/log/model"], True, id="a whole path"),
    pytest.param(["C:\\logs"], True, id="a path of Windows"),
    pytest.param(["demo"], False, id="a command"),
    pytest.param(["logs"], False, id="a folder that could be a command"),
    pytest.param(["--help"], False, id="an option"),
    pytest.param(["--out=./x"], False, id="an option with a path"),
    pytest.param(["./logs", "--zone", "UTC"], False, id="a path and more"),
]


@pytest.mark.parametrize(("arguments", "short"), WORDS)
def test_that_only_what_can_be_no_command_goes_the_short_way(monkeypatch: pytest.MonkeyPatch, arguments: list[str],
                                                             short: bool) -> None:
    went: list[str] = []
    monkeypatch.setattr("sys.argv", ["pilothouse", *arguments])
    monkeypatch.setattr("console.front_door.open_window", lambda folder, **_: went.append("short") or 0)
    monkeypatch.setattr(console.commands, "app", lambda **_: went.append("long"))
    try:
        main()
    except SystemExit as end:
        assert end.code == 0
    assert went == ["short" if short else "long"]
