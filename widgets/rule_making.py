"""Rules that come to be: written in a dialog, proposed from a healthy stretch, read from a file. None is active before
somebody accepts it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from console.errors import ConsoleError
from console.window import Window
from widgets import layout_store
from widgets.bridge.background import BackgroundJob
from widgets.bridge.conductor import Conductor
from widgets.dialogs.files import Questions
from widgets.main_window import MainWindow

if TYPE_CHECKING:
    from console.alarms.firings import Firings
    from console.alarms.rules import Band, Rule
    from console.alarms.view import RuleRow
    from console.jobs import Job
    from console.session.rule_making import Choices, Offer
    from widgets.dialogs.offer_dialog import OfferDialog
    from widgets.dialogs.rule_dialog import RuleDialog


class RuleMaking(QObject):
    """Opens the dialogs and answers them from workers. What is accepted goes out as `rules_asked`."""

    rules_asked = Signal(object, str)        # tuple[Rule, ...] -> Sequence[Rule]: the change; what is said of it

    def __init__(self, window: MainWindow, conductor: Conductor, questions: Questions, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._conductor, self._questions = window, conductor, questions
        self._rule_dialog: RuleDialog | None = None
        self._offer_dialog: OfferDialog | None = None
        self._wanted: Rule | None = None         # to be counted as soon as the one before is
        self._counting = False

    def connect_panel(self) -> None:
        """Once the panel is there."""
        panel = self._window.alarms
        panel.propose_asked.connect(self.propose)
        panel.import_asked.connect(self.import_rules)
        panel.add_asked.connect(self.add)
        panel.edit_asked.connect(self.edit)

    def forget(self) -> None:
        """Another folder: what is open is about the old one."""
        for dialog in (self._rule_dialog, self._offer_dialog):
            if dialog is not None:
                dialog.close()
                dialog.deleteLater()
        self._rule_dialog = self._offer_dialog = self._wanted = None

    # ---- one rule ------------------------------------------------------------------------------------------

    @Slot()
    def add(self) -> None:
        """For the chart that keys mean: its headline."""
        self.add_for(self._window.board.chosen)

    @Slot(str)
    def add_for(self, chart: str) -> None:
        """For that chart or metric, at a level that hardly any value has passed."""
        session = self._conductor.session
        if session is None:
            return
        making = session.rule_making

        def work(_job: Job) -> tuple[Choices, Rule, tuple[str, ...], bool]:
            choices = making.choices()
            names = tuple(one.name for one in session.rules())
            window = session.selection().whole
            if not choices.metrics or window is None:
                raise ConsoleError("Nothing in this log can be judged yet")
            metric = making.metric_of(chart, choices)
            return choices, making.level(metric, window, names), names, True

        self._start("rule choices", work, self._open_rule)

    @Slot(object)
    def edit(self, row: RuleRow) -> None:
        """The chosen rule."""
        session = self._conductor.session
        if session is None:
            return

        def work(_job: Job) -> tuple[Choices, Rule, tuple[str, ...], bool]:
            names = tuple(one.name for one in session.rules() if one.name != row.rule.name)
            return session.rule_making.choices(), row.rule, names, False

        self._start("rule choices", work, self._open_rule)

    @Slot(object)
    def _open_rule(self, found: tuple[Choices, Rule, tuple[str, ...], bool]) -> None:
        from widgets.dialogs.rule_dialog import RuleDialog

        if self._conductor.session is None:
            return
        if self._rule_dialog is not None:
            self._rule_dialog.close()
            self._rule_dialog.deleteLater()
        choices, rule, others, new = found
        dialog = self._rule_dialog = RuleDialog(self._window.icons, choices, rule, others, new=new,
                                                parent=self._window)
        dialog.tried.connect(self._try)
        dialog.learn_asked.connect(self._learn)
        dialog.save_asked.connect(self._save)
        if dialog.understood.rule is not None:
            self._try(dialog.understood.rule)
        dialog.show()

    @Slot(object)
    def _try(self, rule: Rule) -> None:
        """One at a time; of many wishes the last."""
        self._wanted = rule
        session = self._conductor.session
        if session is None or self._counting:
            return
        self._counting, self._wanted = True, None
        job = self._start("count firings", lambda job: (rule, *session.rule_making.often(rule, job)), self._on_often,
                          failed=self._on_rule_trouble)
        job.ended.connect(self._on_counted)

    @Slot(object)
    def _on_often(self, found: tuple[Rule, Firings, str]) -> None:
        if self._rule_dialog is not None:
            self._rule_dialog.display_often(found[0], found[2])

    @Slot(object)
    def _on_counted(self, _job: BackgroundJob) -> None:
        self._counting = False
        if self._wanted is not None:
            self._try(self._wanted)

    @Slot(object)
    def _learn(self, rule: Rule) -> None:
        """What is usual for its number, from the reference window where there is one."""
        session = self._conductor.session
        if session is None:
            return
        making, chosen = session.rule_making, session.selection().reference

        def work(_job: Job) -> Band:
            window = chosen or making.healthy_window()
            if window is None:
                raise ConsoleError("Nothing is loaded yet")
            return making.learned(rule, window)

        self._start("learn band", work, self._on_learned, failed=self._on_rule_trouble)

    @Slot(object)
    def _on_learned(self, band: Band) -> None:
        if self._rule_dialog is not None:
            self._rule_dialog.display_learned(band)

    @Slot(object)
    def _on_rule_trouble(self, error: ConsoleError) -> None:
        if self._rule_dialog is not None:
            self._rule_dialog.display_trouble(str(error))

    @Slot(object, str)
    def _save(self, rule: Rule, before: str) -> None:
        if self._rule_dialog is not None:
            self._rule_dialog.accept()

        def change(rules: tuple[Rule, ...]) -> Sequence[Rule]:
            if any(one.name == before for one in rules):
                return [rule if one.name == before else one for one in rules]
            return [*rules, rule]

        self.rules_asked.emit(change, f"{rule.name} was changed." if before else f"{rule.name} was added.")

    # ---- many at once --------------------------------------------------------------------------------------

    @Slot()
    def propose(self) -> None:
        """From the reference window where one is brushed, else from the beginning of the log."""
        session = self._conductor.session
        if session is None:
            return
        window = session.selection().reference or session.rule_making.healthy_window()
        if window is None:
            self._window.message_bar.say("Nothing is loaded yet.", topic="rules")
            return
        dialog = self._open_offer("Propose rules", learns=True)
        dialog.display_window(window)
        self._propose_from(window)

    @Slot(object)
    def _propose_from(self, window: Window) -> None:
        session, dialog = self._conductor.session, self._offer_dialog
        if session is None or dialog is None:
            return

        def work(job: Job) -> Offer:
            return session.rule_making.propose(window, [one.name for one in session.rules()], job)

        job = self._start("propose rules", work, self._on_offer, failed=self._on_offer_trouble)
        job.progressed.connect(dialog.display_progress)
        job.stopped.connect(dialog.display_stopped)
        job.broke.connect(dialog.display_broken)
        dialog.display_progress(0, 0, "Learning what is usual")

    @Slot()
    def import_rules(self) -> None:
        """From a file of Prometheus, or from TOML."""
        session = self._conductor.session
        path = self._questions.rules(self._window, layout_store.last_folder()) if session is not None else None
        if session is None or path is None:
            return
        dialog = self._open_offer(f"Import rules of {Path(path).name}", learns=False)

        def work(job: Job) -> Offer:
            return session.rule_making.import_file(path, [one.name for one in session.rules()], job)

        job = self._start("propose rules", work, self._on_offer, failed=self._on_offer_trouble)
        job.progressed.connect(dialog.display_progress)
        job.stopped.connect(dialog.display_stopped)
        job.broke.connect(dialog.display_broken)

    def _open_offer(self, title: str, *, learns: bool) -> OfferDialog:
        from widgets.dialogs.offer_dialog import OfferDialog

        if self._offer_dialog is not None:
            self._stop()
            self._offer_dialog.close()
            self._offer_dialog.deleteLater()
        session = self._conductor.session
        selection = session.selection() if session is not None else None
        whole = selection.whole if selection is not None else None
        dialog = self._offer_dialog = OfferDialog(
            self._window.icons, title, newest=whole.end if whole is not None else None,
            relative=selection is not None and selection.relative, learns=learns, parent=self._window)
        dialog.learn_asked.connect(self._propose_from)
        dialog.cancel_asked.connect(self._stop)
        dialog.rejected.connect(self._stop)
        dialog.accept_asked.connect(self._accept)
        dialog.show()
        return dialog

    @Slot()
    def _stop(self) -> None:
        self._conductor.stop("propose rules")

    @Slot(object)
    def _on_offer(self, offer: Offer) -> None:
        if self._offer_dialog is not None:
            self._offer_dialog.display(offer)

    @Slot(object)
    def _on_offer_trouble(self, error: ConsoleError) -> None:
        if self._offer_dialog is not None:
            self._offer_dialog.display_trouble(str(error))

    @Slot(object)
    def _accept(self, rules: tuple[Rule, ...]) -> None:
        if self._offer_dialog is not None:
            self._offer_dialog.accept()
        accepted = {one.name: replace(one, proposed=False) for one in rules}

        def change(before: tuple[Rule, ...]) -> Sequence[Rule]:
            kept = [accepted.get(one.name, one) for one in before]
            there = {one.name for one in before}
            return [*kept, *(one for name, one in accepted.items() if name not in there)]

        self.rules_asked.emit(change, f"{len(rules):,} rules accepted." if len(rules) != 1 else "1 rule accepted.")

    # ---- inside --------------------------------------------------------------------------------------------

    def _start(self, name: str, work: Callable[[Job], Any], on_success: Callable[[Any], None], *,
               failed: Callable[[Any], None] | None = None) -> BackgroundJob:
        job = self._conductor.start(name, work)
        job.succeeded.connect(on_success)
        job.failed.connect(failed or self._on_failed)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)
        return job

    @Slot(object)
    def _on_failed(self, error: ConsoleError) -> None:
        self._window.message_bar.say(str(error), "warning", topic="rules")
