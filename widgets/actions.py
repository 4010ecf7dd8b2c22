"""Every command of the window as one row of data. Menus, palette, shortcuts and the list of keys are made from it."""

from __future__ import annotations

from dataclasses import dataclass

MENUS = ("Folder", "View", "Chart", "Time", "Drift", "Alarm", "Incident", "Help")


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One command.

    name     of the QAction, for tests and settings
    keys     all ways to press it; the first is shown in menus
    icon     a name of Material Design Icons 6
    intent   the method of `widgets.helm.Helm` that does it
    needs    "" or "folder": whether a folder must be open
    """

    name: str
    menu: str
    text: str
    keys: tuple[str, ...]
    icon: str
    intent: str
    sentence: str
    needs: str = "folder"
    group: int = 0               # a new number draws a line in the menu


ACTIONS: tuple[ActionRow, ...] = (
    ActionRow("open_folder", "Folder", "Open log folder…", ("Ctrl+O",), "folder-open-outline", "ask_folder",
              "Choose a folder of logs and load it", needs=""),
    ActionRow("try_demo", "Folder", "Try the demo", (), "flask-outline", "open_demo",
              "Make a small log folder with a story in it, and open it", needs=""),
    ActionRow("reload", "Folder", "Look for new files", ("F5",), "refresh", "reload",
              "Look through the folder again, and go on with loading after it was cancelled", group=1),
    ActionRow("columns", "Folder", "Columns…", ("Ctrl+L",), "table-column", "edit_columns",
              "Correct what a column means, its unit, and the time zone of a stream", group=1),
    ActionRow("undo_correction", "Folder", "Take back correction", ("Ctrl+Z",), "undo", "undo_correction",
              "Take the last correction of columns or files back", group=1),
    ActionRow("redo_correction", "Folder", "Make correction again", ("Ctrl+Shift+Z",), "redo", "redo_correction",
              "Make the correction again that was taken back last", group=1),
    ActionRow("replay", "Folder", "Read quarantine again", (), "database-refresh-outline", "replay_quarantine",
              "Read the records in quarantine once more, after a correction of columns", group=1),
    ActionRow("trust_folder", "Folder", "Own metrics of the folder…", (), "shield-check-outline", "trust_folder",
              "Look at the metrics that this folder brings, and trust it to have them computed, or no more", group=1),
    ActionRow("cancel_load", "Folder", "Stop loading", (), "stop-circle-outline", "cancel_load",
              "Stop loading; what is loaded stays, and the rest can follow later", group=1),
    ActionRow("close_folder", "Folder", "Close folder", ("Ctrl+W",), "folder-remove-outline", "close_folder",
              "Go back to the start page", group=2),
    ActionRow("quit", "Folder", "Quit", ("Ctrl+Q",), "exit-to-app", "quit", "Close the window", needs="", group=2),
    ActionRow("place_board", "View", "Board", ("Ctrl+1",), "view-dashboard-outline", "go_board",
              "The charts of software, input and output"),
    ActionRow("place_drift", "View", "Drift", ("Ctrl+2",), "chart-bell-curve", "go_drift",
              "Compare two windows of time, column by column"),
    ActionRow("place_incidents", "View", "Incidents", ("Ctrl+3",), "file-document-alert-outline", "go_incidents",
              "Incidents, their notes, and reports written from them"),
    ActionRow("place_sources", "View", "Sources", ("Ctrl+4",), "database-outline", "go_sources",
              "Files, streams, columns, and rows that could not be read"),
    ActionRow("coverage", "View", "Coverage map", ("Ctrl+M",), "shield-search", "show_coverage",
              "What can go wrong at each step, which chart or alarm would tell, and what the log cannot show", group=1),
    ActionRow("inspector", "View", "Inspector", ("F9", "Ctrl+I"), "dock-right", "toggle_inspector",
              "Show or hide the explanation beside the charts", group=1),
    ActionRow("theme", "View", "Light or dark", ("Ctrl+Shift+D",), "theme-light-dark", "toggle_theme",
              "Change between light and dark", needs="", group=1),
    ActionRow("show_rows", "Chart", "Show rows", ("Ctrl+R",), "table-search", "show_rows",
              "The rows behind the held cross-hair, or behind what is shown, and their lines in the files"),
    ActionRow("chart_values", "Chart", "Table of values", ("T",), "table", "chart_values",
              "What the chosen chart shows, as a table: time, values, rows behind each"),
    ActionRow("chart_alone", "Chart", "Alone or all", ("A",), "fullscreen", "chart_alone",
              "The chosen chart in all the room, or all charts again", group=1),
    ActionRow("compare_day", "Chart", "Compare with the day before", ("D",), "compare-horizontal", "compare_day",
              "Draw the same hours of the day before behind the chosen chart", group=1),
    ActionRow("compare_week", "Chart", "Compare with the week before", ("Shift+D",), "calendar-week", "compare_week",
              "Draw the same hours of the week before behind the chosen chart", group=1),
    ActionRow("split_chart", "Chart", "Split by the next", ("B",), "call-split", "split_chart",
              "Split the chosen chart by model version, host or model, one after the other", group=1),
    ActionRow("copy_values", "Chart", "Copy values", (), "content-copy", "copy_values",
              "Copy the visible values of the chosen chart as a table", group=2),
    ActionRow("export_chart", "Chart", "Export chart…", ("X",), "image-outline", "export_chart",
              "Write what is visible of the chosen chart as PNG, SVG or CSV", group=2),
    ActionRow("widen_chart", "Chart", "Wide", ("W",), "arrow-expand-horizontal", "widen_chart",
              "The chosen chart over two columns, or over one", group=3),
    ActionRow("move_chart_left", "Chart", "Move left", ("[",), "arrow-left", "move_chart_left",
              "Move the chosen chart one place to the front", group=3),
    ActionRow("move_chart_right", "Chart", "Move right", ("]",), "arrow-right", "move_chart_right",
              "Move the chosen chart one place to the back", group=3),
    ActionRow("hide_chart", "Chart", "Hide", ("H",), "eye-off-outline", "hide_chart",
              "Take the chosen chart off the board; it can be added again", group=3),
    ActionRow("add_chart", "Chart", "Add chart…", ("Ctrl+Shift+A",), "plus", "add_chart",
              "Put any metric, map, column or series of this log on the board", group=3),
    ActionRow("mark", "Chart", "Mark…", ("M",), "map-marker-plus-outline", "mark",
              "Note something at the cross-hair, on all charts and on the strip", group=4),
    ActionRow("show_marks", "Chart", "Marks", ("Shift+M",), "map-marker-outline", "show_marks",
              "All that is noted about moments of this log", group=4),
    ActionRow("what_changed", "Chart", "What changed since…", ("Ctrl+J",), "history", "what_changed",
              "Metrics, columns and segments that moved since the cross-hair, or since a time that you type", group=4),
    ActionRow("export_layout", "Chart", "Export layout…", (), "export", "export_layout",
              "Write order, hidden and wide charts, splits and comparisons as a text file", group=5),
    ActionRow("import_layout", "Chart", "Import layout…", (), "import", "import_layout",
              "Take order, hidden and wide charts, splits and comparisons from a text file", group=5),
    ActionRow("follow", "Time", "Follow live", ("F",), "access-point", "follow",
              "Move with the newest row"),
    ActionRow("pause", "Time", "Pause or go on", ("Space",), "pause", "pause",
              "Stop moving with the newest row, or start again"),
    ActionRow("zoom_in", "Time", "Zoom in", ("+", "="), "magnify-plus-outline", "zoom_in",
              "Show half of the time, around its middle", group=1),
    ActionRow("zoom_out", "Time", "Zoom out", ("-",), "magnify-minus-outline", "zoom_out",
              "Show twice the time, around its middle", group=1),
    ActionRow("pan_left", "Time", "Earlier", ("Left",), "arrow-left", "pan_left",
              "Move a quarter of the shown time back", group=1),
    ActionRow("pan_right", "Time", "Later", ("Right",), "arrow-right", "pan_right",
              "Move a quarter of the shown time on", group=1),
    ActionRow("back", "Time", "Back", ("Alt+Left", "Backspace"), "undo", "back",
              "The time that was shown before", group=2),
    ActionRow("forward", "Time", "Forward", ("Alt+Right",), "redo", "forward",
              "The time that was left by going back", group=2),
    ActionRow("quick_15m", "Time", "Last 15 minutes", ("Alt+1",), "clock-outline", "quick_15m",
              "The 15 minutes before the newest row", group=3),
    ActionRow("quick_1h", "Time", "Last hour", ("Alt+2",), "clock-outline", "quick_1h",
              "The hour before the newest row", group=3),
    ActionRow("quick_6h", "Time", "Last 6 hours", ("Alt+3",), "clock-outline", "quick_6h",
              "The 6 hours before the newest row", group=3),
    ActionRow("quick_1d", "Time", "Last day", ("Alt+4",), "clock-outline", "quick_1d",
              "The day before the newest row", group=3),
    ActionRow("quick_all", "Time", "The whole log", ("Alt+5", "Home"), "arrow-expand-horizontal", "quick_all",
              "From the first row to the newest", group=3),
    ActionRow("go_to_time", "Time", "Go to time…", ("G",), "calendar-range", "go_to_time",
              "Type a time range", group=3),
    ActionRow("copy_range", "Time", "Copy time range", ("Ctrl+Shift+C",), "content-copy", "copy_range",
              "Copy the shown time, so that it can be pasted here or elsewhere", group=4),
    ActionRow("paste_range", "Time", "Paste time range", ("Ctrl+Shift+V",), "content-paste", "paste_range",
              "Show the time range that is on the clipboard", group=4),
    ActionRow("brush_reference", "Drift", "Brush reference", ("R",), "select-drag", "brush_reference",
              "Drag over a chart to choose the reference window (dashed, blue)"),
    ActionRow("brush_current", "Drift", "Brush current", ("C",), "select", "brush_current",
              "Drag over a chart to choose the current window (solid, orange)"),
    ActionRow("suggest_windows", "Drift", "Suggest windows", ("Ctrl+Shift+G",), "auto-fix", "suggest_windows",
              "Compare the last quarter of the shown time with its first quarter", group=1),
    ActionRow("test_drift", "Drift", "Test drift", ("Ctrl+T",), "play", "test_drift",
              "Compare the two windows, column by column", group=1),
    ActionRow("clear_windows", "Drift", "Clear windows", ("Ctrl+Shift+X",), "select-off", "clear_windows",
              "Forget both test windows", group=1),
    ActionRow("show_alarms", "Alarm", "Alarms", ("Ctrl+Shift+L",), "bell-outline", "show_alarms",
              "What fires now and what did, a timeline of all rules, and the rules themselves"),
    ActionRow("next_alarm", "Alarm", "Next alarm", ("N",), "skip-next", "next_alarm",
              "The chart and the time of the next alarm"),
    ActionRow("previous_alarm", "Alarm", "Previous alarm", ("Shift+N",), "skip-previous", "previous_alarm",
              "The chart and the time of the alarm before"),
    ActionRow("acknowledge_alarm", "Alarm", "Acknowledge…", ("Shift+K",), "bell-check-outline", "acknowledge_alarm",
              "Say that you have seen the chosen alarm, or the worst that fires", group=1),
    ActionRow("silence_alarm", "Alarm", "Silence…", ("Shift+S",), "bell-sleep-outline", "silence_alarm",
              "Nobody is called for the chosen alarm, or the worst that fires, for some time", group=1),
    ActionRow("move_threshold", "Alarm", "Move threshold", ("Shift+T",), "arrow-up-down", "move_threshold",
              "Take the next threshold of the chosen chart in hand: arrows move it, Return keeps it", group=2),
    ActionRow("add_alarm", "Alarm", "Add alarm", ("Shift+A",), "bell-plus-outline", "add_alarm",
              "A threshold for the chosen chart, at the held cross-hair or at the worst value shown", group=2),
    ActionRow("new_rule", "Alarm", "New rule…", ("Shift+L",), "bell-cog-outline", "new_rule",
              "Write an alarm rule for the chosen chart: level, band or objective, waits, sentence", group=3),
    ActionRow("propose_rules", "Alarm", "Propose rules…", ("Ctrl+Shift+R",), "auto-fix", "propose_rules",
              "Learn rules from a healthy stretch of the log, and choose which to keep", group=3),
    ActionRow("import_rules", "Alarm", "Import rules…", (), "import", "import_rules",
              "Read alarm rules of Prometheus, or from TOML, and choose which to keep", group=3),
    ActionRow("notifications", "Alarm", "Notifications on or off", (), "message-badge-outline", "toggle_notifications",
              "Whether the desktop is told of an alarm that begins to fire while another program is in front", needs="",
              group=4),
    ActionRow("create_incident", "Incident", "Create incident", ("Ctrl+N",), "plus", "create_incident",
              "Keep the current window, or what is shown, as an incident"),
    ActionRow("export_report", "Incident", "Export report…", ("Ctrl+E",), "export-variant", "export_report",
              "Write the report of the chosen incident, or of the current window, as HTML or PDF"),
    ActionRow("palette", "Help", "All commands…", ("Ctrl+K", "Ctrl+Shift+P"), "magnify", "show_palette",
              "Find a command by its words", needs=""),
    ActionRow("shortcuts", "Help", "Keyboard shortcuts", ("?", "F1"), "keyboard-outline", "show_shortcuts",
              "List all keys", needs=""),
    ActionRow("about", "Help", "About Pilothouse", (), "information-outline", "show_about",
              "Version and licence", needs=""),
)


def row(name: str) -> ActionRow:
    """The command of that name."""
    return next(one for one in ACTIONS if one.name == name)
