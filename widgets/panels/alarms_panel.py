"""Alarms under the charts: those of now and of before, a timeline of all rules, and the rules themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QStackedWidget, QTableView, QToolButton, QWidget

from console.alarms.machine import State
from console.alarms.view import AlarmRow, AlarmsView, RuleRow, StateSpan
from console.window import Window
from widgets.icons import Icons
from widgets.models.alarm_words import (
    Look,
    is_page,
    lasted,
    look_of_alarm,
    look_of_rule,
    note_of,
    short_time,
    state_of_silence,
)
from widgets.models.rows import Column, RowsModel
from widgets.panels.alarm_lanes import Legend, Timeline
from widgets.panels.parts import (
    Elided,
    OnePage,
    PathCell,
    button,
    centred,
    column,
    holding,
    label,
    row,
    set_widths,
    table,
    tool,
)
from widgets.panels.silences_view import SilencesView

NO_RULES = ("This log has no alarm rules. They can be learned from a healthy stretch of it; none is active until you "
            "accept it.")
NOT_YET = "The log is judged by its rules once it is loaded."
QUIET = "Nothing has fired so far"
MOST_PAST = 2000
RULE, OF = 2, 3
"""Columns of the table of alarms; of that of rules the first, too."""
"""Alarms that have ended, newest first; a person who looks for older ones has the timeline."""
PAGES = (("now", "Now"), ("timeline", "Timeline"), ("rules", "Rules"), ("silences", "Silences"))
LOOKS_OF_PAGES = {"now": ("bell-outline", "Alarms of now and of before"),
                  "timeline": ("chart-timeline", "When each rule was pending, fired, or had no data"),
                  "rules": ("format-list-checks", "The rules, and how often each has fired"),
                  "silences": ("bell-sleep-outline", "For what nobody is called, until when and why")}


class AlarmsPanel(QWidget):
    """Displays an AlarmsView; every button asks for something, and nothing is decided here."""

    show_asked = Signal(object)              # AlarmRow: its chart and its time
    span_asked = Signal(object, object)      # RuleRow, StateSpan
    time_asked = Signal(object)              # datetime
    acknowledge_asked = Signal(object)       # AlarmRow
    silence_asked = Signal(object)           # AlarmRow
    end_silence_asked = Signal(object)       # AlarmRow
    silence_rule_asked = Signal(object)      # RuleRow: all its alarms
    expire_asked = Signal(object)            # Silenced: it ends now
    silence_again_asked = Signal(object)     # Silenced
    changes_asked = Signal(object)           # AlarmRow
    incident_asked = Signal(object)          # AlarmRow
    advice_asked = Signal(object)            # AlarmRow
    runbook_asked = Signal(object)           # AlarmRow
    propose_asked = Signal()
    import_asked = Signal()
    add_asked = Signal()
    edit_asked = Signal(object)              # RuleRow
    switch_asked = Signal(object)            # RuleRow: on, or off
    delete_asked = Signal(object)            # RuleRow
    undo_asked = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("alarms_panel")
        self._icons = icons
        self._view: AlarmsView | None = None
        self._relative = False
        self._newest: datetime | None = None
        self._alarms = RowsModel(self._alarm_columns())
        self._rules = RowsModel(self._rule_columns())
        self.alarm_table = table(self._alarms, "alarms_table", "Alarms")
        self.rule_table = table(self._rules, "rules_table", "Alarm rules")
        set_widths(self.alarm_table, self._alarms.widths(), wide=5)
        set_widths(self.rule_table, self._rules.widths())
        for view in (self.alarm_table, self.rule_table):     # names of rules differ at their ends
            view.setItemDelegateForColumn(RULE, PathCell(view))
        self.timeline = Timeline(icons.holder)
        self.silences = SilencesView(icons)
        self._sentence = label(name="alarm_sentence", wrap=True)
        self._sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._state = Elided("alarms_state", "muted")
        self._buttons = OnePage()
        self._switch = self._make_switch()
        for group in (self._alarm_buttons(), self._legend(icons), self._rule_buttons(), self.silences.buttons):
            self._buttons.addWidget(group)
        self._buttons.show_page(0)
        self._pages = QStackedWidget()
        now = column(self.alarm_table, row(8, self._sentence, gap=0), gap=4)
        now.setStretch(0, 1)
        for page in (holding(now), self.timeline, self.rule_table, self.silences):
            self._pages.addWidget(page)
        head = row(*self._switch, 8, self._state, self._buttons)
        head.setStretchFactor(self._state, 1)
        whole = column(head, self._pages, margins=(8, 4, 8, 8), gap=4)
        whole.setStretch(1, 1)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._nothing())
        self._stack.addWidget(holding(whole))
        self.setLayout(column(self._stack, gap=0))
        self.timeline.span_asked.connect(self.span_asked)
        self.timeline.time_asked.connect(self.time_asked)
        self.silences.expire_asked.connect(self.expire_asked)
        self.silences.again_asked.connect(self.silence_again_asked)
        self.alarm_table.activated.connect(self._on_alarm_activated)
        self.rule_table.activated.connect(self._on_rule_activated)
        self.alarm_table.selectionModel().currentRowChanged.connect(self._on_chosen)
        self.rule_table.selectionModel().currentRowChanged.connect(self._on_chosen)
        self.display(None, None)

    # ---- what is shown -------------------------------------------------------------------------------------

    def display(self, view: AlarmsView | None, visible: Window | None) -> None:
        """Rules and alarms as they stand; None while nothing has been judged. What was chosen stays chosen."""
        alarm, rule = self.alarm, self.rule
        self._view = view
        self._relative = view is not None and view.relative
        self._newest = view.judged[1] if view is not None and view.judged is not None else None
        rows = (*view.rows, *view.past[:MOST_PAST]) if view is not None else ()
        rules = view.rules if view is not None else ()
        self._alarms.show(rows)
        self._rules.show(rules)
        if alarm is not None:
            self._choose(self.alarm_table, rows, lambda one: (one.fingerprint, one.since) == (
                alarm.fingerprint, alarm.since))
        elif rows and not self.alarm_table.currentIndex().isValid():
            self.alarm_table.selectRow(0)
        if rule is not None:
            self._choose(self.rule_table, rules, lambda one: one.rule.name == rule.rule.name)
        self.timeline.display(view, visible)
        silences = view.silences if view is not None else ()
        self.silences.display(silences, self._newest, relative=self._relative)
        active = sum(state_of_silence(one, self._newest)[1] == "active" for one in silences)
        self._switch[-1].setText(f"Silences {active:,}" if active else "Silences")
        self._say(view)
        self._on_chosen()

    def display_visible(self, visible: Window | None) -> None:
        """Another time is shown."""
        self.timeline.display(self._view, visible)

    def say(self, words: str) -> None:
        """What is being done, until the next view."""
        self._state.setText(words)

    def choose(self, wanted: AlarmRow) -> None:
        """Light that alarm."""
        self._choose(self.alarm_table, self._alarms.rows, lambda one: (one.fingerprint, one.since) == (
            wanted.fingerprint, wanted.since))

    def show_page(self, name: str) -> None:
        """now, timeline, rules or silences."""
        number = [key for key, _ in PAGES].index(name)
        self._switch[number].setChecked(True)
        self._pages.setCurrentIndex(number)
        self._buttons.show_page(number)

    @property
    def page(self) -> str:
        """The one that is shown."""
        return PAGES[self._pages.currentIndex()][0]

    @property
    def alarm(self) -> AlarmRow | None:
        """The one that is chosen."""
        found: AlarmRow | None = self._alarms.row(self.alarm_table.currentIndex())
        return found

    @property
    def rule(self) -> RuleRow | None:
        """The one that is chosen."""
        found: RuleRow | None = self._rules.row(self.rule_table.currentIndex())
        return found

    def focus(self) -> None:
        """To what can be moved in with keys."""
        where = {"now": self.alarm_table, "timeline": self.timeline.lanes, "rules": self.rule_table,
                 "silences": self.silences.table}[self.page]
        (self._propose_first if self._stack.currentIndex() == 0 else where).setFocus(Qt.FocusReason.OtherFocusReason)

    # ---- inside: building ----------------------------------------------------------------------------------

    def _make_switch(self) -> tuple[QToolButton, ...]:
        group = QButtonGroup(self)
        made = []
        for number, (key, title) in enumerate(PAGES):
            icon, tip = LOOKS_OF_PAGES[key]
            one = tool(self._icons, icon, f"alarms_{key}", tip, text=title, checkable=True)
            one.setChecked(number == 0)
            group.addButton(one, number)
            made.append(one)
        group.idClicked.connect(self._on_page)
        return tuple(made)

    def _alarm_buttons(self) -> QWidget:
        self._show = button("Show", "alarm_show", "Its chart, from some time before it began (Return)")
        self._acknowledge = button("Acknowledge", "alarm_acknowledge", "Say that you have seen it (Shift+K)")
        self._silence = button("Silence", "alarm_silence", "Nobody is called for it, until then and why (Shift+S)")
        self._changes = button("What changed", "alarm_changes", "What changed since it began")
        self._advice = tool(self._icons, "compass-outline", "alarm_advice", "What to do about it: whether it was a "
                            "shock, what could answer instead, how to train again (Ctrl+Shift+J)")
        self._incident = button("Create incident", "alarm_incident", "An incident of its time, to write a report from")
        self._runbook = button("Runbook", "alarm_runbook", "Open the page that its rule names")
        self._show.clicked.connect(lambda: self._ask(self.show_asked, self.alarm))
        self._acknowledge.clicked.connect(lambda: self._ask(self.acknowledge_asked, self.alarm))
        self._silence.clicked.connect(self._on_silence)
        self._changes.clicked.connect(lambda: self._ask(self.changes_asked, self.alarm))
        self._advice.clicked.connect(lambda: self._ask(self.advice_asked, self.alarm))
        self._incident.clicked.connect(lambda: self._ask(self.incident_asked, self.alarm))
        self._runbook.clicked.connect(lambda: self._ask(self.runbook_asked, self.alarm))
        return holding(row(None, self._show, self._acknowledge, self._silence, self._changes, self._advice,
                           self._incident, self._runbook))

    def _rule_buttons(self) -> QWidget:
        self._add = button("Add", "rule_add", "A new rule")
        self._edit = button("Edit", "rule_edit", "Change the chosen rule (Return)")
        self._off = button("Turn off", "rule_switch", "Keep the rule, and judge by it no more, or again")
        self._quiet = button("Silence", "rule_silence", "Nobody is called for any of its alarms, until then and why")
        self._delete = button("Delete", "rule_delete", "Take the rule out of pilothouse.toml; this can be undone")
        self._undo = button("Undo", "rule_undo", "The rules as they were before the last change")
        self._propose = button("Propose rules", "rules_propose", "Learn rules from a healthy stretch (Ctrl+Shift+R)")
        self._import = button("Import", "rules_import", "Rules from a file of Prometheus (YAML), or from TOML")
        self._add.clicked.connect(self.add_asked)
        self._edit.clicked.connect(lambda: self._ask(self.edit_asked, self.rule))
        self._off.clicked.connect(lambda: self._ask(self.switch_asked, self.rule))
        self._quiet.clicked.connect(lambda: self._ask(self.silence_rule_asked, self.rule))
        self._delete.clicked.connect(lambda: self._ask(self.delete_asked, self.rule))
        self._undo.clicked.connect(self.undo_asked)
        self._propose.clicked.connect(self.propose_asked)
        self._import.clicked.connect(self.import_asked)
        return holding(row(None, self._add, self._edit, self._off, self._quiet, self._delete, self._undo, 8,
                           self._propose, self._import))

    def _legend(self, icons: Icons) -> QWidget:
        return holding(row(None, Legend(icons.holder)))

    def _nothing(self) -> QWidget:
        self._why = label(NO_RULES, name="alarms_nothing", tone="muted", wrap=True)
        self._propose_first = button("Propose rules", "rules_propose_first",
                                     "Learn rules from a healthy stretch (Ctrl+Shift+R)", default=True)
        self._propose_first.clicked.connect(self.propose_asked)
        return centred(column(self._why, row(self._propose_first, None), gap=16), 560)

    def _alarm_columns(self) -> tuple[Column, ...]:
        return (
            Column("State", 108, lambda one: look_of_alarm(one).word, icon=lambda one: self._icon(look_of_alarm(one)),
                   foreground=lambda one: self._color(look_of_alarm(one))),
            Column("Severity", 68, lambda one: str(one.severity)),
            Column("Rule", 212, lambda one: one.rule),
            Column("Of", 120, lambda one: one.labels_text),
            Column("Value", 112, lambda one: one.value if one.end is None else one.peak, right=True,
                   tip=lambda one: f"now {one.value}, at worst {one.peak}"),
            Column("Threshold", 212, lambda one: one.threshold),
            Column("Since", 96, lambda one: short_time(one.start or one.since, self._newest, relative=self._relative)),
            Column("For", 92, lambda one: lasted(one, self._newest)),
            Column("Note", 160, lambda one: note_of(one, self._newest, relative=self._relative)),
        )

    def _rule_columns(self) -> tuple[Column, ...]:
        return (
            Column("State", 120, lambda one: look_of_rule(one).word, icon=lambda one: self._icon(look_of_rule(one)),
                   foreground=lambda one: self._color(look_of_rule(one)), tip=lambda one: one.error),
            Column("Severity", 72, lambda one: str(one.rule.severity)),
            Column("Rule", 216, lambda one: one.rule.name),
            Column("Metric", 152, lambda one: one.metric),
            Column("Now", 88, lambda one: one.value, right=True),
            Column("Fires when", 280, lambda one: one.threshold, tip=lambda one: f"{one.metric} {one.threshold}"),
            Column("Fired", 56, lambda one: f"{one.fired:,}", right=True),
            Column("Last", 104, lambda one: short_time(one.last, self._newest, relative=self._relative)
                   if one.last is not None else "never"),
            Column("Health", 72, lambda one: one.health, tip=lambda one: one.error or one.health),
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is room, names of rules and what they are of are not cut."""
        super().resizeEvent(event)
        for place, share in ((RULE, 0.18), (OF, 0.1)):
            least = self._alarms.widths()[place]
            self.alarm_table.setColumnWidth(place, min(2 * least, max(least, round(share * self.width()))))
        least = self._rules.widths()[RULE]
        self.rule_table.setColumnWidth(RULE, min(2 * least, max(least, round(0.18 * self.width()))))

    # ---- inside: choosing ----------------------------------------------------------------------------------

    def _say(self, view: AlarmsView | None) -> None:
        empty = view is None or (not view.rules and not view.rows)
        self._stack.setCurrentIndex(0 if empty and (view is None or not view.undo) else 1)
        self._why.setText(NOT_YET if view is None else view.error or NO_RULES)
        self._propose_first.setVisible(view is not None and not view.error)
        if view is None:
            return
        active, firing = len(view.rows), view.firing
        quiet = QUIET if not view.past else f"Nothing fires now, {_many(len(view.past), 'alarm')} before"
        words = f"{firing:,} firing, {active - firing:,} pending or silenced" if active else quiet
        self._state.setText(view.error or words)

    def _on_chosen(self, _index: QModelIndex | None = None, _before: QModelIndex | None = None) -> None:
        alarm, rule = self.alarm, self.rule
        for one in (self._show, self._changes, self._advice, self._incident, self._silence):
            one.setEnabled(alarm is not None)
        self._acknowledge.setEnabled(alarm is not None and alarm.start is not None)
        self._runbook.setEnabled(alarm is not None and is_page(alarm.runbook))
        silenced = alarm is not None and alarm.silenced_until is not None
        self._silence.setText("End silence" if silenced else "Silence")
        self._silence.setEnabled(alarm is not None and alarm.end is None)
        self._sentence.setText(self._details(alarm))
        for one in (self._edit, self._off, self._quiet, self._delete):
            one.setEnabled(rule is not None)
        self._off.setText("Turn on" if rule is not None and not rule.rule.enabled else "Turn off")
        self._undo.setEnabled(self._view is not None and self._view.undo)

    def _details(self, alarm: AlarmRow | None) -> str:
        if alarm is None:
            return ""
        end = alarm.sentence[-1:]
        said = [alarm.sentence if end in (".", "!", "?") else f"{alarm.sentence}."]
        if alarm.state is State.KEPT:
            said.append(f"That was the worst; now it is {alarm.value}, and the alarm is kept for a while.")
        if alarm.end is not None:
            ended = short_time(alarm.end, self._newest, relative=self._relative)
            said.append(f"Ended {ended} ({alarm.ended}), at worst {alarm.peak}.")
        if alarm.runbook and not is_page(alarm.runbook):
            said.append(f"Runbook: {alarm.runbook}")
        return " ".join(said)

    def _choose(self, view: QTableView, rows: tuple[object, ...], is_it: Callable[..., bool]) -> None:
        number = next((number for number, one in enumerate(rows) if is_it(one)), None)
        if number is None:
            view.clearSelection()
        elif number != view.currentIndex().row():
            view.selectRow(number)

    def _icon(self, look: Look) -> object:
        return self._icons.icon(look.icon, look.tone)

    def _color(self, look: Look) -> QColor:
        return self._icons.theme.color(look.tone)

    # ---- inside: what people do ----------------------------------------------------------------------------

    def _on_page(self, number: int) -> None:
        self.show_page(PAGES[number][0])
        self.focus()

    def _on_alarm_activated(self, _index: QModelIndex) -> None:
        self._ask(self.show_asked, self.alarm)

    def _on_rule_activated(self, _index: QModelIndex) -> None:
        self._ask(self.edit_asked, self.rule)

    def _on_silence(self) -> None:
        alarm = self.alarm
        silenced = alarm is not None and alarm.silenced_until is not None
        self._ask(self.end_silence_asked if silenced else self.silence_asked, alarm)

    @staticmethod
    def _ask(signal: object, what: AlarmRow | RuleRow | StateSpan | None) -> None:
        if what is not None:
            signal.emit(what)       # type: ignore[attr-defined]


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
