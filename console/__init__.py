"""The application and all it knows; complete without a screen. Never imports Qt.

Rooms, top to bottom; an import points down only:
commands, session | demo, reports, drift, metrics | logs, store, and the small words
(errors, jobs, window, clock, roles) that every room may use.

Beside the rooms: `front_door` looks whether a window can open and hands over to it, the only import of `widgets` here;
`logging_setup` keeps the program's log. `demo` makes a log with a story; its picture is drawn by a process of its own.
"""

__version__ = "0.1.0"
