"""What stands in the way of a window is said before Qt is asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from console.front_door import QT_NEEDS, XCB_NEEDS, Display, answers, display, why_no_window

WHERE = [
    pytest.param({}, "linux", Display.NONE, id="a server"),
    pytest.param({"DISPLAY": ":0"}, "linux", Display.X11, id="X11"),
    pytest.param({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, "linux", Display.WAYLAND, id="Wayland with X11"),
    pytest.param({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0", "QT_QPA_PLATFORM": "xcb"}, "linux", Display.X11,
                 id="X11 asked for"),
    pytest.param({"QT_QPA_PLATFORM": "offscreen"}, "linux", Display.OFF_SCREEN, id="off screen asked for"),
    pytest.param({"QT_QPA_PLATFORM": "vnc:size=800x600"}, "linux", Display.OFF_SCREEN, id="with arguments"),
    pytest.param({}, "win32", Display.NATIVE, id="Windows"),
    pytest.param({}, "darwin", Display.NATIVE, id="macOS"),
]


@pytest.mark.parametrize(("environ", "platform", "kind"), WHERE)
def test_that_the_display_is_the_one_that_qt_would_take(environ: dict[str, str], platform: str, kind: Display) -> None:
    assert display(environ, platform) is kind


def test_that_a_missing_library_is_named_with_its_packages() -> None:
    problem = why_no_window({"DISPLAY": ":0"}, "linux", has=lambda name: name != "libxcb-cursor.so.0",
                            server_answers=lambda environ: True)
    assert problem is not None
    assert "libxcb-cursor.so.0" in problem.what
    assert "apt-get install libxcb-cursor0`" in problem.do
    assert "dnf install xcb-util-cursor`" in problem.do


def test_that_all_is_well_where_all_libraries_are_there() -> None:
    assert why_no_window({"DISPLAY": ":0"}, "linux", has=lambda name: True, server_answers=lambda e: True) is None


def test_that_off_screen_needs_no_library_of_x11() -> None:
    asked: list[str] = []

    def has(name: str) -> bool:
        asked.append(name)
        return True

    assert why_no_window({"QT_QPA_PLATFORM": "offscreen"}, "linux", has=has) is None
    assert set(asked) == {library.soname for library in QT_NEEDS}


def test_that_a_display_that_nobody_serves_is_seen() -> None:
    problem = why_no_window({"DISPLAY": ":99"}, "linux", has=lambda name: True, server_answers=lambda e: False)
    assert problem is not None
    assert problem.where == ":99"


@pytest.mark.skipif(sys.platform != "linux", reason="X servers are Linux's")
def test_that_a_server_that_is_not_there_does_not_answer() -> None:
    pytest.importorskip("ctypes").CDLL("libxcb.so.1")
    assert not answers({"DISPLAY": ":4711"})


def test_that_the_libraries_that_the_design_names_are_looked_for() -> None:
    named = "libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-image0 libxcb-render-util0 libxcb-shape0 " \
            "libxcb-randr0 libxcb-xinerama0 libxcb-xkb1 libxkbcommon-x11-0"
    assert set(named.split()) <= {library.debian for library in XCB_NEEDS}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
def test_that_without_a_display_the_program_says_so_and_ends_with_2(repo_root: Path, tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items()
               if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    done = subprocess.run([sys.executable, "-m", "console", str(tmp_path)], cwd=repo_root, env=environ, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 2
    assert "no display" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""
