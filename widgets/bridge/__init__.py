"""The only room with threads and timers: background jobs, following, rate limits.

What belongs here: `BackgroundJob` (one piece of work on a pool thread, which speaks in signals), `Refresher` (one kind
of view: never computed twice at once, at most ten times a second, the newest wish wins) and `Conductor` (the life of
an open folder: open, load, follow, refresh, close). What does not: anything that paints, and anything that knows what
a metric is.

Decisions:
* The window's thread calls the session only for what is marked cheap there. All else runs here.
* Results travel by queued signals to methods of objects that live on the window's thread. A worker never touches a
  widget, and a result of a folder that was closed meanwhile is dropped.
* Closing asks all work to stop and waits two seconds. A worker that still hangs then (a dead network mount) is left
  behind: its objects are kept, so that nothing is destroyed under it, and `widgets.app` ends the process.
"""
