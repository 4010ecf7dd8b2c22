"""One part of the window per file: each displays a frozen view and emits what the user asks for. None knows another.

A panel that grew is several files: `incidents_panel` has the list, `incident_form` the words beside it, made of
`moment_rows` (what happened when, and how that is known), `note_rows` and `action_rows`; `edit_rows` is what those two
share. `silences_view` is a page of `alarms_panel`, `spark` the small course beside each line of `changes_panel`;
`drift_place` holds the pages about drift: `drift_panel` compares two windows column by column, `course_panel` shows the
whole log in `course_map`. `asked_page` is what they and `question_page` share: a question, its progress, its answer,
what went wrong. `question_page` is what `outcomes_panel` (with `outcome_chart`), `together_panel` and
`training_panel` share. `drift_order` finds and sorts columns, `shape_box` lets
choose how `shape_view` draws numbers. `drift_preview` says what the table of columns shows while a window is dragged,
`moving_table` draws it sixty times a second, and `brush_readout` the same in a line where there is no table.
`rollout_place` holds the pages about rollouts: `plan_panel` (with
`ramp_picture`), `replay_panel` (with `replay_pictures`), `what_if_panel`, `deferral_panel`; `lines` are sentences with
icons that wrap.
`advice_place` holds the pages about a change, below the moment that they are about: `shock_panel` (with `course_map`),
`response_panel`, `retraining_panel`; `advice_page` is what these share. Its page `lifecycle_panel` has the lines of
time in `life_map`.
`picks_bar` has the chips above the board that say which rows are meant.
"""
