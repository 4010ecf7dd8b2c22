"""Asking for folders and files. One object, so that a test can answer in place of a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QFileDialog, QInputDialog, QWidget

if TYPE_CHECKING:
    from console.store.own import OwnMetric
    from console.window import Window

FILTERS = {"html": "Web page (*.html)", "pdf": "PDF (*.pdf)", "md": "Markdown, for an issue (*.md)",
           "json": "JSON (*.json)", "zip": "All formats with the evidence (*.zip)"}


class Questions:
    """The system's own dialogs."""

    def folder(self, parent: QWidget, start: str) -> Path | None:
        """A folder of logs; None when they changed their mind."""
        answer = QFileDialog.getExistingDirectory(parent, "Open log folder", start)
        return Path(answer) if answer else None

    def report(self, parent: QWidget, proposed: Path, form: str) -> Path | None:
        """Where to write a report; `form`, a key of FILTERS, decides when neither name nor filter says anything."""
        first = [FILTERS[form], *(text for one, text in FILTERS.items() if one != form)]
        answer, chosen = QFileDialog.getSaveFileName(parent, "Export report", str(proposed), ";;".join(first))
        if not answer:
            return None
        path = Path(answer)
        ending = next((one for one, text in FILTERS.items() if text == chosen), form)
        if path.suffix.lower() == f".{form}" and ending != form:       # the proposed name with another filter
            return path.with_suffix(f".{ending}")
        return path if path.suffix.lower().lstrip(".") in FILTERS else path.with_name(f"{path.name}.{ending}")

    def rows(self, parent: QWidget, proposed: Path) -> Path | None:
        """Where to write rows; the ending decides the form."""
        answer, _chosen = QFileDialog.getSaveFileName(parent, "Export rows", str(proposed),
                                                      "CSV (*.csv);;Parquet (*.parquet)")
        if not answer:
            return None
        path = Path(answer)
        endings = (".csv", ".parquet", ".pq")
        ending = ".parquet" if "Parquet" in _chosen else ".csv"
        return path if path.suffix.lower() in endings else path.with_name(f"{path.name}{ending}")

    def table(self, parent: QWidget, proposed: Path) -> Path | None:
        """Where to write a table of results; the ending decides: csv or json."""
        answer, chosen = QFileDialog.getSaveFileName(parent, "Export results", str(proposed),
                                                     "Table (*.csv);;All of it (*.json)")
        if not answer:
            return None
        path = Path(answer)
        ending = ".json" if "json" in chosen else ".csv"
        if path.suffix.lower() == ".csv" and ending == ".json":
            return path.with_suffix(ending)
        return path if path.suffix.lower() in (".csv", ".json") else path.with_name(f"{path.name}{ending}")

    def data_file(self, parent: QWidget, start: str) -> Path | None:
        """A file of training data."""
        answer, _ = QFileDialog.getOpenFileName(parent, "Training data", start,
                                                "Tables (*.parquet *.csv *.tsv *.jsonl *.json *.gz);;All files (*)")
        return Path(answer) if answer else None

    def chart(self, parent: QWidget, proposed: Path, form: str) -> Path | None:
        """Where to write a chart; the ending decides: png, svg or csv."""
        filters = {"png": "Picture (*.png)", "svg": "Drawing (*.svg)", "csv": "Values (*.csv)"}
        first = [filters[form], *(text for one, text in filters.items() if one != form)]
        answer, chosen = QFileDialog.getSaveFileName(parent, "Export chart", str(proposed), ";;".join(first))
        if not answer:
            return None
        path = Path(answer)
        ending = next((one for one, text in filters.items() if text == chosen), form)
        return path if path.suffix.lower().lstrip(".") in filters else path.with_name(f"{path.name}.{ending}")

    def layout(self, parent: QWidget, proposed: Path, *, save: bool) -> Path | None:
        """A file that holds the layout of a board."""
        form = "Layout of a board (*.toml)"
        if not save:
            answer, _ = QFileDialog.getOpenFileName(parent, "Import layout", str(proposed), form)
            return Path(answer) if answer else None
        answer, _ = QFileDialog.getSaveFileName(parent, "Export layout", str(proposed), form)
        return Path(answer) if answer else None

    def plan(self, parent: QWidget, proposed: Path, *, save: bool) -> Path | None:
        """A file that holds the plan of a rollout; the ending decides the form."""
        if not save:
            answer, _ = QFileDialog.getOpenFileName(parent, "Open plan", str(proposed),
                                                    "Plans (*.toml *.yaml *.yml);;All files (*)")
            return Path(answer) if answer else None
        answer, _ = QFileDialog.getSaveFileName(parent, "Save plan", str(proposed),
                                                "Plan (*.toml);;For Argo Rollouts (*.yaml)")
        if not answer:
            return None
        path = Path(answer)
        ending = ".yaml" if "Argo" in _ else ".toml"
        return path if path.suffix.lower() in (".toml", ".yaml", ".yml") else path.with_name(f"{path.name}{ending}")

    def note(self, parent: QWidget, title: str, text: str) -> str | None:
        """A few words about a moment."""
        said, agreed = QInputDialog.getText(parent, title, "What happened then?", text=text)
        return said if agreed else None

    def window(self, parent: QWidget, side: str, shown: Window | None, newest: datetime, *,
               relative: bool) -> Window | None:
        """A test window, typed; `newest` is what now means."""
        from widgets.dialogs.window_dialog import WindowDialog

        dialog = WindowDialog(side, shown, newest, relative=relative, parent=parent)
        agreed = dialog.exec() == QDialog.DialogCode.Accepted
        dialog.deleteLater()
        return dialog.answer if agreed else None

    def window_name(self, parent: QWidget) -> str | None:
        """A name under which a window is kept."""
        said, agreed = QInputDialog.getText(parent, "Keep window", "What is this time called?")
        return said if agreed else None

    def training_file(self, parent: QWidget, start: str) -> Path | None:
        """A file of training or validation data."""
        answer, _ = QFileDialog.getOpenFileName(parent, "Training data to compare with", start,
                                                "Tables (*.csv *.parquet *.json *.jsonl *.gz);;All files (*)")
        return Path(answer) if answer else None

    def acknowledgement(self, parent: QWidget, alarm: str, text: str) -> str | None:
        """A word with which an alarm is acknowledged, which may be empty; None when they changed their mind."""
        said, agreed = QInputDialog.getText(parent, "Acknowledge", f"{alarm}\n\nA note for others (may stay empty)",
                                            text=text)
        return said if agreed else None

    def silence(self, parent: QWidget, alarm: str, now: datetime, *, relative: bool) -> tuple[datetime, str] | None:
        """Until when nobody is to be called, in the time of the log, and why."""
        from widgets.dialogs.silence_dialog import SilenceDialog

        dialog = SilenceDialog(alarm, now, relative=relative, parent=parent)
        agreed = dialog.exec() == QDialog.DialogCode.Accepted
        dialog.deleteLater()
        return dialog.answer if agreed else None

    def rules(self, parent: QWidget, start: str) -> Path | None:
        """A file of alarm rules."""
        answer, _ = QFileDialog.getOpenFileName(parent, "Import alarm rules", start,
                                                "Rules (*.yml *.yaml *.toml);;All files (*)")
        return Path(answer) if answer else None

    def browse(self, address: str) -> bool:
        """Open an address of the web in the browser."""
        return QDesktopServices.openUrl(QUrl(address, QUrl.ParsingMode.StrictMode))

    def trust(self, parent: QWidget, folder: str, metrics: Sequence[OwnMetric], *, trusted: bool) -> bool:
        """Whether to trust a folder that wants these computed; of one that is trusted: whether no more."""
        from widgets.dialogs.trust import TrustDialog

        dialog = TrustDialog(folder, metrics, trusted=trusted, parent=parent)
        agreed = dialog.exec() == QDialog.DialogCode.Accepted
        dialog.deleteLater()
        return agreed

    def show(self, path: str) -> bool:
        """Open a written file in its program."""
        return QDesktopServices.openUrl(QUrl.fromLocalFile(path))
