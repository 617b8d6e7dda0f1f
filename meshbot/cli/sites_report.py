"""``main_bot.py report`` of several files: each site's report, and what they have in common.

One file is read after another, and of each only its figures and its report are kept: that takes no
more memory than the longest of them.
"""

import sys
from collections.abc import Callable, Sequence

from meshbot.cli.exit_code import EXIT_NO, EXIT_OK
from meshbot.cli.report_refusal import ReportRefusal
from meshbot.cli.report_source import history_in
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.page.markup import Markup
from meshbot.diagnosis.report_json import report_object
from meshbot.diagnosis.report_page import page_parts
from meshbot.diagnosis.sites.shared_losses import shared_losses
from meshbot.diagnosis.sites.site import Site, site_of
from meshbot.diagnosis.sites.site_names import site_names
from meshbot.diagnosis.sites.sites_json import sites_json
from meshbot.diagnosis.sites.sites_page import sites_page
from meshbot.diagnosis.sites.sites_text import sites_text
from meshbot.store.storage_error import StorageError
from meshbot.text.typography import labelled


class SitesReport:
    """Makes one comparison."""

    def __init__(
        self, wall_clock: Callable[[], float], *, as_json: bool = False, as_page: bool = False
    ) -> None:
        """Say which forms are wanted; nothing is read yet."""
        self._wall_clock = wall_clock
        self._as_json = as_json
        self._as_page = as_page
        self._sites: list[Site] = []
        self._parts: list[Sequence[Markup]] = []
        self._reports: dict[str, object] = {}
        self._unreadable: dict[str, str] = {}

    def read(self, files: Sequence[str], since_s: float | None) -> int:
        """Judge the files and return the exit code; what cannot be read is said and left out."""
        for file, name in zip(files, site_names(files), strict=True):
            try:
                self._judge(file, name, since_s)
            except (ReportRefusal, StorageError) as error:
                self._unreadable[file] = str(error)
                sys.stderr.write(f"❌ {labelled(name, error)}\n")
        return EXIT_NO if self._unreadable else EXIT_OK

    @property
    def has_sites(self) -> bool:
        """Whether anything could be read."""
        return bool(self._sites)

    def text(self) -> str:
        """Return the comparison as text, or as JSON where that is wanted."""
        shared = shared_losses(self._sites)
        if self._as_json:
            return sites_json(self._reports, shared, self._unreadable)
        return sites_text(self._sites, shared)

    def page(self) -> str:
        """Return it as a page, which must have been wanted from the beginning."""
        return sites_page(self._sites, self._parts, shared_losses(self._sites))

    def _judge(self, file: str, name: str, since_s: float | None) -> None:
        history = history_in(file, since_s, self._wall_clock)
        diagnosis = diagnose(history)
        self._sites.append(site_of(name, history, diagnosis))
        if self._as_page:
            self._parts.append(page_parts(history, diagnosis))
        if self._as_json:
            self._reports[name] = report_object(history, diagnosis)
