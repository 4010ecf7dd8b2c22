"""One alarm rule, field by field. Says while it is written how often it would have fired, and beside each field what
is wrong with it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QWidget,
)

from console.alarms.draft import (
    BAND,
    OBJECTIVE,
    OWN_PACE,
    PAGE_PACE,
    THRESHOLD,
    TICKET_PACE,
    Draft,
    Understood,
    draft_of,
    understood,
)
from console.alarms.rules import Band, NoData, Op, Rule, Severity, Side, length
from console.alarms.words import TITLES
from console.session.rule_making import Choices, Judgeable
from widgets.icons import Icons
from widgets.panels.parts import Choice, button, column, holding, label, row, set_tone

KINDS = ((THRESHOLD, "a level"), (BAND, "what is usual"), (OBJECTIVE, "an objective"))
SIDES = ((Side.ABOVE, "above"), (Side.BELOW, "below"), (Side.BOTH, "outside of"))
PACES = ((PAGE_PACE, "14.4 times over 1h, or 6 times over 6h"), (TICKET_PACE, "once over 3 days"),
         (OWN_PACE, "as in the file"))
NO_DATA = ((NoData.NO_DATA, "is a state of its own"), (NoData.FIRING, "fires"), (NoData.OK, "counts as good"),
           (NoData.KEEP, "changes nothing"))
SEVERITIES = ((Severity.PAGE, "page: somebody at once"), (Severity.TICKET, "ticket: somebody tomorrow"),
              (Severity.INFO, "info: nobody in particular"))
SHORT_PX, LONG_PX, LABEL_PX = 96, 312, 136


class RuleDialog(QDialog):
    """Displays a rule and asks to keep what was made of it. What a draft means is decided in console.alarms.draft."""

    tried = Signal(object)               # Rule: how often would it have fired?
    learn_asked = Signal(object)         # Rule whose number a baseline is wanted of
    save_asked = Signal(object, str)     # Rule, the name that it had; "" for a new one

    def __init__(self, icons: Icons, choices: Choices, rule: Rule, others: Collection[str], *, new: bool,
                 parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rule_dialog")
        self.setWindowTitle("New alarm rule" if new else f"Alarm rule {rule.name}")
        self._icons, self._base, self._new, self._others = icons, rule, new, frozenset(others)
        self._metrics = {one.name: one for one in choices.metrics}
        if rule.metric not in self._metrics:
            unknown = f"{rule.metric} (no data in this log)"
            self._metrics[rule.metric] = Judgeable(rule.metric, unknown, "", "neither", "")
        self._splits = (("", "nothing"), *choices.splits)
        if rule.by is not None and str(rule.by) not in dict(self._splits):
            self._splits = (*self._splits, (str(rule.by), rule.by.value.replace("_", " ")))
        self._learned: Band | None = None
        self._learned_for: tuple[str, str, str] | None = None
        self._wrongs: dict[str, QLabel] = {}
        self._asked: Rule | None = None
        self._filling = True
        self._make_fields()
        self._often = label(name="rule_often", wrap=True)
        buttons = QDialogButtonBox()
        self._save: QPushButton = buttons.addButton("Save", QDialogButtonBox.ButtonRole.AcceptRole)
        self._save.setObjectName("rule_save")
        buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole).setObjectName("rule_cancel")
        foot = row(self._often, buttons, gap=16)
        foot.setStretch(0, 1)
        page = column(self._grid(), 8, foot, margins=(16, 16, 16, 16))
        page.setStretch(0, 1)
        self.setLayout(page)
        self.resize(960, 0)
        buttons.accepted.connect(self._on_save)
        buttons.rejected.connect(self.reject)
        self._fill(draft_of(rule, self._unit))
        self._filling = False
        self._changed()
        self._level.setFocus()
        self._level.selectAll()

    # ---- what is shown -------------------------------------------------------------------------------------

    @property
    def understood(self) -> Understood:
        """What the fields say now."""
        return understood(self._draft(), self._base, self._others, self._unit)

    def display_often(self, rule: Rule, words: str) -> None:
        """The answer to `tried`, unless another one is waited for."""
        if rule == self._asked:
            self._often.setText(f"Would have fired: {words[:1].lower()}{words[1:]}.")
            set_tone(self._often, "")

    def display_trouble(self, words: str) -> None:
        """It could not be kept, counted or learned."""
        self._often.setText(words)
        set_tone(self._often, "warning")

    def display_learned(self, band: Band) -> None:
        """What is usual for the number."""
        self._learned = band
        self._learned_for = self._number()
        self._usual.setText(_usual_text(band))
        self._changed()

    # ---- inside: fields ------------------------------------------------------------------------------------

    def _make_fields(self) -> None:
        self._name = self._edit("rule_name", "Name", LONG_PX)
        self._metric = self._pick("rule_metric", "Metric", [(one.name, one.title) for one in self._metrics.values()])
        self._metric.setMaxVisibleItems(16)
        self._by = self._pick("rule_by", "One alarm for each", self._splits)
        self._kind = self._pick("rule_kind", "Compared with", KINDS)
        self._op = self._pick("rule_op", "Fires when it is", [(op.value, TITLES[op]) for op in Op])
        self._level = self._edit("rule_level", "Level", SHORT_PX)
        self._level_unit = label(tone="muted")
        self._clear = self._edit("rule_clear", "Ends at", SHORT_PX)
        self._clear.setPlaceholderText("the same")
        self._clear_unit = label(tone="muted")
        self._side = self._pick("rule_side", "Fires when it is", SIDES)
        self._width = self._edit("rule_width", "Times the usual spread", 56)
        self._usual = label(name="rule_usual", tone="muted", wrap=True)
        self._learn = button("Learn again", "rule_learn", "What is usual, from the healthy stretch")
        self._objective = self._edit("rule_objective", "Good share in percent", SHORT_PX)
        self._period = self._edit("rule_period", "Over", SHORT_PX)
        self._pace = self._pick("rule_pace", "Budget used", PACES)
        self._over = self._edit("rule_over", "Value of the last", SHORT_PX)
        self._every = self._edit("rule_every", "Judged every", SHORT_PX)
        self._wait = self._edit("rule_for", "Must last for", SHORT_PX)
        self._keep = self._edit("rule_keep", "Keeps firing for", SHORT_PX)
        self._lag = self._edit("rule_lag", "Judged later by", SHORT_PX)
        self._least = self._edit("rule_min_samples", "Fewest rows", SHORT_PX)
        self._no_data = self._pick("rule_no_data", "Without data it", NO_DATA)
        self._no_data_for = self._edit("rule_no_data_for", "No data for", SHORT_PX)
        self._severity = self._pick("rule_severity", "Severity", SEVERITIES)
        self._sentence = self._edit("rule_sentence", "Sentence")
        self._sentence.setPlaceholderText("What is said when it fires; $value and $labels.host are filled in")
        self._runbook = self._edit("rule_runbook", "Runbook")
        self._runbook.setPlaceholderText("https://… or a few words")
        self._learn.clicked.connect(self._on_learn)

    def _grid(self) -> QGridLayout:
        level = column(row(self._op, self._level, self._level_unit, None),
                       self._wrong("level"), self._under("Ends at", row(self._clear, self._clear_unit, None)), gap=4)
        learning = row(self._usual, self._learn)
        learning.setStretch(0, 1)
        usual = column(row(self._side, label("the usual by", tone="muted"), self._width,
                           label("times its spread", tone="muted"), None), self._wrong("width"),
                       learning, gap=4)
        objective = column(row(self._objective, label("% good over", tone="muted"), self._period, None),
                           self._wrong("objective"), row(label("budget used", tone="muted"), self._pace, None), gap=4)
        self._conditions = QStackedWidget()
        for layout in (level, usual, objective):
            layout.addStretch(1)
            self._conditions.addWidget(holding(layout))
        self._conditions.setFixedHeight(112)
        left = (("Name", self._name, "name"), ("Metric", self._metric, "metric"),
                ("One alarm for each", self._by, "by"), ("Compared with", self._kind, ""),
                ("Fires when it is", self._conditions, "clear"))
        right = (("Value of the last", self._over, "over"), ("Judged every", self._every, "every"),
                 ("Must last for", self._wait, "wait"), ("Keeps firing for", self._keep, "keep"),
                 ("Judged later by", self._lag, "lag"), ("Fewest rows", self._least, "min_samples"),
                 ("Without data for", self._no_data_row(), "no_data_for"), ("Severity", self._severity, ""))
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.addLayout(self._lines(left), 0, 0)
        grid.addLayout(self._lines(right), 0, 1)
        grid.addLayout(self._lines((("Sentence", self._sentence, ""), ("Runbook", self._runbook, ""))), 1, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        return grid

    def _no_data_row(self) -> QWidget:
        return holding(row(self._no_data_for, label("it", tone="muted"), self._no_data, None))

    def _lines(self, lines: tuple[tuple[str, QWidget, str], ...]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(8)
        grid.setColumnMinimumWidth(0, LABEL_PX)
        for number, (title, widget, key) in enumerate(lines):
            said = label(title, tone="muted")
            if isinstance(widget, QStackedWidget):
                said.setContentsMargins(0, 6, 0, 0)
                grid.addWidget(said, 2 * number, 0, Qt.AlignmentFlag.AlignTop)
            else:
                grid.addWidget(said, 2 * number, 0)
            grid.addWidget(widget, 2 * number, 1)
            if key:
                grid.addWidget(self._wrong(key), 2 * number + 1, 1)
        grid.setRowStretch(2 * len(lines), 1)
        grid.setColumnStretch(1, 1)
        return grid

    def _under(self, title: str, layout: object) -> QWidget:
        made = row(label(title, tone="muted"), layout, None)     # type: ignore[arg-type]
        return holding(made)

    def _wrong(self, key: str) -> QLabel:
        made = label(name=f"rule_wrong_{key}", tone="warning", wrap=True)
        made.hide()
        self._wrongs[key] = made
        return made

    def _edit(self, name: str, spoken: str, width: int = 0) -> QLineEdit:
        made = QLineEdit(objectName=name)
        made.setAccessibleName(spoken)
        if width:
            made.setMinimumWidth(min(width, SHORT_PX))
            made.setMaximumWidth(width if width < LONG_PX else 16777215)
        made.textChanged.connect(self._changed)
        return made

    def _pick(self, name: str, spoken: str, words: object) -> Choice:
        made = Choice(self._icons, name, spoken, ())
        for key, title in words:     # type: ignore[attr-defined]
            made.addItem(title, str(key))
        made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        made.currentIndexChanged.connect(self._changed)
        return made

    # ---- inside: from fields to a draft and back -----------------------------------------------------------

    @property
    def _unit(self) -> str:
        known = self._metrics.get(str(self._metric.currentData()))
        return known.unit if known is not None else ""

    def _fill(self, draft: Draft) -> None:
        _set(self._metric, draft.metric)
        draft = draft_of(self._base, self._unit)        # levels in the unit of that metric
        for edit, text in ((self._name, draft.name), (self._level, draft.level), (self._clear, draft.clear),
                           (self._width, draft.width), (self._objective, draft.objective),
                           (self._period, draft.period), (self._over, draft.over), (self._every, draft.every),
                           (self._wait, draft.wait), (self._keep, draft.keep), (self._lag, draft.lag),
                           (self._least, draft.min_samples), (self._no_data_for, draft.no_data_for),
                           (self._sentence, draft.sentence), (self._runbook, draft.runbook)):
            edit.setText(text)
            edit.setCursorPosition(0)
        for pick, key in ((self._by, draft.by), (self._kind, draft.kind), (self._op, draft.op),
                          (self._side, draft.side), (self._pace, draft.pace), (self._no_data, draft.no_data),
                          (self._severity, draft.severity)):
            _set(pick, key)
        self._learned = draft.learned
        self._learned_for = self._number() if draft.learned is not None else None
        self._usual.setText(_usual_text(draft.learned) if draft.learned is not None else "")

    def _draft(self) -> Draft:
        kind = str(self._kind.currentData())
        return Draft(
            self._name.text(), str(self._metric.currentData()), str(self._by.currentData()), kind,
            str(self._op.currentData()), self._level.text(), self._clear.text(), str(self._side.currentData()),
            self._width.text(), self._learned if self._learned_for == self._number() else None,
            self._objective.text(), str(self._pace.currentData()), self._period.text(), self._over.text(),
            self._every.text(), self._lag.text(), self._wait.text(), self._keep.text(), self._least.text(),
            str(self._no_data.currentData()), self._no_data_for.text(), str(self._severity.currentData()),
            self._sentence.text(), self._runbook.text(), self._base.enabled)

    def _number(self) -> tuple[str, str, str]:
        """What a baseline is of."""
        return str(self._metric.currentData()), self._over.text(), self._every.text()

    def _changed(self, *_what: object) -> None:
        if self._filling:
            return
        unit = {"share": "%"}.get(self._unit, self._unit)
        self._level_unit.setText(unit)
        self._clear_unit.setText(unit)
        kinds = [key for key, _ in KINDS]
        self._conditions.setCurrentIndex(kinds.index(str(self._kind.currentData())))
        found = self.understood
        for key, said in self._wrongs.items():
            said.setText(found.wrong.get(key, ""))
            said.setVisible(key in found.wrong)
        self._save.setEnabled(found.rule is not None)
        if found.rule is None:
            self._asked = None
            self._often.setText("Not complete yet: " + "; ".join(dict.fromkeys(found.wrong.values())) + ".")
            set_tone(self._often, "muted")
            self._learn_if_needed()
        elif found.rule != self._asked:
            self._asked = found.rule
            self._often.setText("Counting how often it would have fired …")
            set_tone(self._often, "muted")
            self.tried.emit(found.rule)

    def _learn_if_needed(self) -> None:
        if self._kind.currentData() == BAND and self._learned_for != self._number():
            self._on_learn()

    def _on_learn(self) -> None:
        plain = replace(self._draft(), name=self._name.text() or "new", kind=THRESHOLD, level="0", clear="")
        rule = understood(plain, None, (), self._unit).rule
        if rule is not None:
            self._usual.setText("Learning what is usual …")
            self._learned = None
            self._learned_for = self._number()
            self.learn_asked.emit(rule)

    def _on_save(self) -> None:
        rule = self.understood.rule
        if rule is not None:
            self.save_asked.emit(rule, "" if self._new else self._base.name)


def _set(pick: QComboBox, key: str) -> None:
    at = pick.findData(key)
    if at >= 0:
        pick.setCurrentIndex(at)


def _usual_text(band: Band) -> str:
    if not band.period_s:
        return f"Usual: {band.median[0]:g}, spread {band.scale[0]:g}"
    by = {86400: "by time of day", 604800: "by time of week"}.get(band.period_s, f"over {length(band.period_s)}")
    return f"Usual {by}: {min(band.median):g} to {max(band.median):g}, in {len(band.median)} slots"
