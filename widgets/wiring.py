"""Which signal goes where: panels to the helm, the conductor to the arrivals.

The frame is connected at once, the places and what arrives in them when they are there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from widgets.helm import Helm


def connect_frame(helm: Helm) -> None:
    """Gestures in the frame become intents, and what goes wrong is said there."""
    window = helm.window
    window.intent.connect(helm.command)
    window.folder_dropped.connect(helm.open_folder)
    window.place_changed.connect(helm.arrivals.on_place)
    window.start_page.open_asked.connect(helm.ask_folder)
    window.start_page.demo_asked.connect(helm.open_demo)
    window.start_page.recent_asked.connect(helm.open_path)
    window.start_page.forget_asked.connect(helm.forget)
    bar = window.time_bar
    bar.folder_asked.connect(helm.ask_folder)
    bar.recent_asked.connect(helm.open_path)
    bar.close_asked.connect(helm.close_folder)
    bar.quick_asked.connect(helm.quick)
    bar.window_asked.connect(helm.look_at)
    bar.mistyped.connect(helm.mistyped)
    bar.typing_ended.connect(helm.typing_ended)
    bar.back_asked.connect(helm.back)
    bar.forward_asked.connect(helm.forward)
    bar.live_asked.connect(helm.set_live)
    bar.palette_asked.connect(helm.show_palette)
    bar.theme_asked.connect(helm.toggle_theme)
    window.status_line.cancel_asked.connect(helm.cancel_load)
    window.status_line.quarantine_asked.connect(helm.show_quarantine)
    window.message_bar.action_asked.connect(helm.message_action)
    helm.conductor.trouble.connect(helm.arrivals.on_trouble)
    helm.conductor.bug.connect(helm.arrivals.on_bug)


def connect_places(helm: Helm) -> None:
    """Gestures in the places become intents."""
    window = helm.window
    board = window.board
    board.zoom_asked.connect(helm.zoom)
    board.pan_asked.connect(helm.pan)
    board.window_brushed.connect(helm.brushed)
    board.back_asked.connect(helm.back)
    board.hovered.connect(helm.arrivals.hovered)
    board.chart_chosen.connect(helm.arrivals.explain)
    board.menu_asked.connect(helm.chart_menu)
    board.displayed.connect(helm.arranging.refresh)
    helm.arranging.connect_panel()
    helm.marking.connect_panel()
    helm.picking.connect_panel()
    helm.previewing.connect_panel()
    helm.window_picking.connect_panel()
    helm.arranging.curve_picked.connect(helm.picking.curve)
    helm.alarming.connect_panel()
    helm.rule_making.connect_panel()
    helm.notifier.clicked.connect(helm.come_forward)
    helm.rule_making.rules_asked.connect(helm.alarming.change)
    window.status_line.alarms_asked.connect(helm.show_alarms_now)
    helm.covering.connect_panel()
    helm.conductor.sources_ready.connect(helm.covering.refresh)
    helm.arrivals.alarms_changed.connect(helm.covering.refresh)
    helm.covering.alarm_asked.connect(helm.rule_making.add_for)
    window.sources.coverage.offer_alarms()
    helm.changing.connect_panel()
    helm.over_time.connect_panel()
    helm.arranging.changes_asked.connect(helm.changing.since)
    helm.alarming.changes_asked.connect(helm.changing.since)
    window.marks.changes_asked.connect(helm.changing.since)
    window.inspector.changes_asked.connect(helm.what_changed)
    window.drawer.page_changed.connect(helm.marking.refresh)
    board.rows_asked.connect(helm.rows_of)
    helm.drill.connect_panel()
    helm.thresholds.connect_panel()
    window.overview.look_at_asked.connect(helm.look_between)
    window.overview.window_brushed.connect(helm.brushed)
    window.overview.brush_cleared.connect(helm.clear_window)
    drift = window.drift
    drift.test_asked.connect(helm.test_drift)
    helm.questioning.connect_pages()
    drift.cancel_asked.connect(helm.tasks.cancel_drift)
    drift.suggest_asked.connect(helm.suggest_windows)
    drift.brush_asked.connect(helm.brush_from_chip)
    drift.column_asked.connect(helm.choose_column)
    drift.incident_asked.connect(helm.create_incident)
    window.inspector.test_asked.connect(helm.test_drift)
    window.inspector.compare_asked.connect(helm.suggest_windows)
    window.inspector.incident_asked.connect(helm.create_incident)
    sources, corrections = window.sources, helm.corrections
    sources.columns_asked.connect(corrections.edit_columns)
    sources.reload_asked.connect(helm.reload)
    sources.undo_asked.connect(corrections.undo)
    sources.redo_asked.connect(corrections.redo)
    sources.leave_out_asked.connect(corrections.leave_out)
    sources.quarantine.page_asked.connect(corrections.show_page)
    sources.quarantine.raw_asked.connect(corrections.show_raw)
    sources.quarantine.replay_asked.connect(corrections.replay)
    sources.quarantine.cancel_asked.connect(corrections.cancel_replay)
    helm.advising.connect_panel()
    helm.lifelines.connect_panel()
    helm.planning.connect_panel()
    helm.replaying.connect_panel()
    helm.trying_out.connect_panel()
    helm.incidents.connect_panel()
    incidents = window.incidents
    incidents.export_asked.connect(helm.tasks.export)
    incidents.cancel_asked.connect(helm.tasks.cancel_export)
    incidents.open_asked.connect(helm.tasks.open_report)


def connect_conductor(helm: Helm) -> None:
    """Views are displayed."""
    conductor = helm.conductor
    conductor.opened.connect(helm.arrivals.on_opened)
    conductor.closed.connect(helm.arrivals.on_closed)
    for signal in (conductor.opened, conductor.closed, conductor.load_ended):
        signal.connect(helm.show_recent)
    conductor.selection_changed.connect(helm.arrivals.on_selection)
    conductor.status_changed.connect(helm.arrivals.on_status)
    conductor.board_ready.connect(helm.arrivals.on_board)
    conductor.chart_read.connect(helm.arrivals.on_chart_read)
    conductor.overview_ready.connect(helm.arrivals.on_overview)
    conductor.sources_ready.connect(helm.arrivals.on_sources)
    conductor.sources_ready.connect(helm.corrections.refresh_page)
    conductor.alarms_ready.connect(helm.arrivals.on_alarms)
    helm.arrivals.alarms_changed.connect(helm.alarming.display)
    helm.arrivals.alarms_changed.connect(helm.notifier.on_alarms)
    helm.arrivals.alarms_changed.connect(helm.changing.on_alarms)
    helm.arrivals.alarms_changed.connect(helm.advising.on_alarms)
    conductor.selection_changed.connect(helm.alarming.on_selection)
    conductor.alarms_ready.connect(helm.thresholds.on_alarms)
    conductor.load_ended.connect(helm.arrivals.on_load_ended)
    conductor.load_ended.connect(helm.questioning.load_ended)
    conductor.load_ended.connect(helm.adding.tell_untrusted)
    conductor.load_ended.connect(helm.incidents.on_load_ended)
    conductor.incidents_ready.connect(helm.window.incidents.display)
