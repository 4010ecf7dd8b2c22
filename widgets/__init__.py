"""Qt and nothing but Qt: draws the views that console hands out, and says what the user asked for.

Belongs here: windows, charts, dialogs, threads and timers (`bridge` only), colours. Does not: anything one would want
to know without a screen. A widget that computes a number, or asks the database, is in the wrong place.

Beside the rooms: `helm` has a method for each command; files named for what a person does (`alarming`, `rule_making`,
`thresholds`, `changing`, `over_time`, `covering`, `adding`, `marking`, `arranging`, `picking`, `window_picking`,
`previewing`, `questioning`, `advising`, `lifelines`, `planning`, `replaying`, `trying_out`, `taking_back`, `drill`,
`incidents`) each tie the gestures of one panel or chart to the session and display what comes back; `notifying` tells
the desktop; `wiring` connects signals.

Decisions
- Displaying never looks like asking: only gestures of the user reach the signals that end in `_asked` (and their kin).
- Text that comes from logs is drawn as plain text, never as rich text.
- Charts are made once and fed for ever. What is deleted and made anew leaks or crashes (pyqtgraph #3194, #2348).
"""
