"""One open folder: takes intents, runs work, hands out views.

The window and the command line both stand on this room, so that whatever one can do the other can. It owns the
workspace of the folder, what is selected (the visible time, the two test windows, the column), and the order of
work: discover, load, follow. It draws nothing, starts no thread and no timer: whoever calls decides when.

The board has what rollups tell, at once. What reads rows (`asked`: maps, scans, splits by a column) is a wish of the
board that workers fulfil, two at a time in the window, and that is dropped when somebody looks elsewhere.

What is picked (`picking`: only this host, not that version) is kept while the folder is open and no longer. Every
chart of the board is a wish then, and nothing of all rows is shown in the meantime. Alarms, changes and reports stay
about all rows.

Further questions of drift are `outcomes`, `together` and `training`, each between two `sides` (a window, a model
version, a reference stream, a file); `drift_documents` writes their answers as JSON and CSV.
What drift previews are counted by is built in the background after a load and kept up with what comes (`previews`).
Test windows are dragged, or picked by a word and kept under names (`windows`); training data or a model version can
stand in the place of the reference (`references`).

A report is gathered from the rows (`report`, `counting`, `looking`, `evidence`) and then made fit to leave the house
(`outgoing`: personal columns redacted, in the `typed_words` of people too, paths taken out).
Its evidence is written from the workspace (`rows_export`) so that whoever has it gets the same numbers; `drift_sql`
says in SQL what a drift test counted, and `worst` finds the time that a report of an unknown log is about.

An incident (`incidents`) is words by people and facts of the log: `looking` finds what belongs to it and when it began,
`counting` counts what it did, each number by one query over the rows of its two windows; `report` gathers both. Every
edit is kept, and going back takes the words back and not the facts. `onsets` knows best when it began, `figures` draws
its charts, and `snapshots` keeps these and the drift results as they were when it was looked into.

Drift over time (`over_time`) counts every tested column per bucket of time, one pass over the rows a column, and joins
outcomes once.

Rollouts: `plans` reads and writes plan files, `plan_editor` has the one that is looked at, judged at the log's traffic
(`rollout_traffic`). `rollout_log` says what can be tried on a log, `rollouts` makes a replay or a what-if of it and
keeps both, `rehearsing` is the replay that the window steers.

Advice (`advising`) puts the look over time and the rows since a change (`advice_rows`) before the room of advice,
question by question, and keeps the answers while log and settings stay; `advice` asks all of them. Without requests it
looks at series (`samples_over_time`). `advice_settings` reads the calendar and the costs of a folder,
`advice_documents` writes answers as JSON and CSV, `advice_join` brings columns of another file to its rows: by an id of
the log, or the last row up to the time of a request. `lifecycle` gathers what is known of each model version.

Results that are kept as they were seen (`results`: runs of advice, and what incidents have attached) are made from the
views of places (`results_of`) and written as `plain_values`, which snapshots of incidents are too;
`result_words` changes their words before they leave the house.

Methods that may take long take a `Job`; all others are cheap enough for a gesture.
"""

from typing import TYPE_CHECKING, Any

from console.session.places import workspace_for
from console.session.recent import forget_folder, recent_folders

if TYPE_CHECKING:
    from console.session.session import Session

__all__ = ["Session", "forget_folder", "recent_folders", "workspace_for"]


def __getattr__(name: str) -> Any:
    """`Session` brings the database and the readers with it; the start page must not wait for them."""
    if name == "Session":
        from console.session.session import Session

        return Session
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
