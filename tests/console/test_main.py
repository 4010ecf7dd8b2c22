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
