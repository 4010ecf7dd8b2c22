"""Hands over to the window, once it is sure that a window can open. The only place in console that names `widgets`.

Qt ends the process with a message of its own when there is no display, or when a system library of its platform
plugin is missing. So both are looked at before Qt is imported, and said in one sentence with what to do.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple

from console.errors import ConsoleError

WITHOUT_A_SCREEN = "`pilothouse load`, `metrics`, `drift` and `report` work without one"


class NoWindow(ConsoleError):
    """No window can open here."""


class Library(NamedTuple):
    """A system library and the packages that bring it."""

    soname: str
    debian: str
    fedora: str


QT_NEEDS = (
    Library("libGL.so.1", "libgl1", "libglvnd-glx"),
    Library("libEGL.so.1", "libegl1", "libglvnd-egl"),
    Library("libfontconfig.so.1", "libfontconfig1", "fontconfig"),
    Library("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon"),
    Library("libdbus-1.so.3", "libdbus-1-3", "dbus-libs"),
    Library("libglib-2.0.so.0", "libglib2.0-0", "glib2"),
)
"""What QtGui itself links, off screen too (ldd of PySide6 6.11)."""

XCB_NEEDS = (
    Library("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor"),
    Library("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm"),
    Library("libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms"),
    Library("libxcb-image.so.0", "libxcb-image0", "xcb-util-image"),
    Library("libxcb-render-util.so.0", "libxcb-render-util0", "xcb-util-renderutil"),
    Library("libxcb-shape.so.0", "libxcb-shape0", "libxcb"),
    Library("libxcb-randr.so.0", "libxcb-randr0", "libxcb"),
    Library("libxcb-xinerama.so.0", "libxcb-xinerama0", "libxcb"),
    Library("libxcb-xkb.so.1", "libxcb-xkb1", "libxcb"),
    Library("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "libxkbcommon-x11"),
    Library("libX11-xcb.so.1", "libx11-xcb1", "libX11-xcb"),
)
"""What the plugin for X11 links."""

WAYLAND_NEEDS = (
    Library("libwayland-client.so.0", "libwayland-client0", "libwayland-client"),
    Library("libwayland-cursor.so.0", "libwayland-cursor0", "libwayland-cursor"),
)
"""What the plugin for Wayland links."""

OFF_SCREEN = ("offscreen", "minimal", "vnc", "linuxfb", "eglfs", "minimalegl", "vkkhrdisplay")
"""Platform plugins that need no display."""


class Display(Enum):
    """What a window would be drawn on."""

    NATIVE = auto()         # Windows, macOS: always there
    X11 = auto()
    WAYLAND = auto()
    OFF_SCREEN = auto()     # asked for by QT_QPA_PLATFORM
    NONE = auto()


def display(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Display:
    """What Qt would choose. Like Qt, it takes Wayland where a session offers both."""
    asked = environ.get("QT_QPA_PLATFORM", "").split(";")[0].split(":")[0]
    if asked in OFF_SCREEN:
        return Display.OFF_SCREEN
    if platform in ("win32", "darwin", "cygwin"):
        return Display.NATIVE
    if environ.get("WAYLAND_DISPLAY") and not asked.startswith("xcb"):
        return Display.WAYLAND
    if environ.get("DISPLAY"):
        return Display.X11
    return Display.NONE


def loads(soname: str) -> bool:
    """Whether the system has that library, whole."""
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def answers(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the X server that DISPLAY names takes a connection; yes when that cannot be tried."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(environ.get("DISPLAY", "").encode(), None)
    failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not failed


def why_no_window(environ: Mapping[str, str] = os.environ, platform: str = sys.platform, *,
                  has: Callable[[str], bool] = loads,
                  server_answers: Callable[[Mapping[str, str]], bool] = answers) -> NoWindow | None:
    """What stands in the way of a window, with what to do about it; None when nothing does."""
    kind = display(environ, platform)
    if kind is Display.NATIVE:
        return None
    if kind is Display.NONE:
        return NoWindow("There is no display for a window (neither DISPLAY nor WAYLAND_DISPLAY is set)",
                        do=f"Start it in a desktop session, or with `ssh -X`; {WITHOUT_A_SCREEN}")
    more: tuple[Library, ...] = {Display.X11: XCB_NEEDS, Display.WAYLAND: WAYLAND_NEEDS}.get(kind, ())
    missing = [library for library in QT_NEEDS + more if not has(library.soname)]
    if missing:
        return NoWindow(f"Qt needs system libraries that this machine lacks: {_names(missing, 'soname')}",
                        do=f"Install them with `sudo apt-get install {_names(missing, 'debian')}` "
                           f"(Fedora: `sudo dnf install {_names(missing, 'fedora')}`)")
    if kind is Display.X11 and not server_answers(environ):
        return NoWindow("The display does not answer", where=environ.get("DISPLAY", ""),
                        do=f"Set DISPLAY to a screen that is there; {WITHOUT_A_SCREEN}")
    return None


def open_window(folder: Path | None, *, workspace: Path | None = None, zone: str | None = None,
                once_painted: Callable[[], object] = lambda: None) -> int:
    """Show the window until it is closed; the start page when `folder` is None. Gives the exit code.

    once_painted: what can wait until the window has been painted
    Raises NoWindow where none can open, NoSuchFolder before anything is shown.
    """
    obstacle = why_no_window()
    if obstacle is not None:
        raise obstacle
    from widgets.app import run

    return int(run(folder, workspace=workspace, zone=zone, once_painted=once_painted))


def _names(libraries: Sequence[Library], what: str) -> str:
    return " ".join(dict.fromkeys(str(getattr(library, what)) for library in libraries))
