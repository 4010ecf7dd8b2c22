"""The application and all it knows; complete without a screen. Never imports Qt.

Rooms, top to bottom; an import points down only:
commands, session | demo, reports, drift, metrics | logs, store, and the small words
(errors, jobs, window, clock, roles) that every room may use.
"""

__version__ = "0.1.0"
