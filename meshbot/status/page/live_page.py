"""The page as it is now: each part rendered once when it changes, for however many look at it.

Used by the one thread that serves the page, so it needs no lock. A reader is never queued for: it
knows the revision it has, and is given what is newer, part by part.
"""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from meshbot.status.page.fragments import Fragments
from meshbot.status.page.live_view import LiveView
from meshbot.text.language import mark, tr

log = logging.getLogger(__name__)

_FAILED = mark("❌ Erreur inattendue, une partie de la page en direct n'est pas à jour")


@dataclass(frozen=True)
class Part:
    """A part of the page: from what, how often that is looked at, in seconds."""

    name: str
    look: Callable[[], object]
    every_s: float


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part as it was rendered last; ``event``: the same for readers of the stream."""

    revision: int
    html: str
    event: bytes


class LivePage:
    """Looks at the bot when it is told to, and keeps what came of it."""

    def __init__(self, view: LiveView, clock: Callable[[], float] = time.monotonic) -> None:
        """Look at nothing yet."""
        self._view = view
        self._clock = clock
        self._fragments = Fragments()
        self._boot = secrets.token_hex(4)
        """Tells this process from the one before: revisions begin anew."""
        self._parts = (
            Part("state", lambda: view.link().is_up, 0.0),
            Part("link", view.link, 0.0),
            Part("messages", view.messages, 0.0),
            Part("log", view.log_lines, 0.0),
            Part("day", view.day, 1.0),
            Part("verdict", view.verdict, 2.0),
            Part("clients", view.clients, 2.0),
            Part("nodes", view.nodes, 6.0),
            Part("counts", lambda: self._records.get("nodes"), 0.0),
            Part("keys", view.waiting_keys, 4.0),
            Part("own", view.own_node, 4.0),
        )
        self._due_s: dict[str, float] = {}
        self._records: dict[str, object] = {}
        self._rendered: dict[str, Fragment] = {}
        self._failing: set[str] = set()
        self.revision = 0
        """Grows with each part that changed."""
        self.renderings = 0
        """How many parts were rendered so far."""

    def refresh(self) -> bool:
        """Look at what is due, render what changed; return whether anything did."""
        now_s, before = self._clock(), self.revision
        for part in self._parts:
            if now_s >= self._due_s.get(part.name, now_s):
                self._due_s[part.name] = now_s + part.every_s
                self._look_at(part)
        return self.revision != before

    def _look_at(self, part: Part) -> None:
        try:
            record = part.look()
            if part.name in self._rendered and record == self._records[part.name]:
                return
            html = self._fragments.render(part.name, record)
        except Exception:  # one part must not cost the others, nor who reads them
            if part.name not in self._failing:
                self._failing.add(part.name)
                log.exception(tr(_FAILED))
            return
        self._failing.discard(part.name)
        self._records[part.name] = record
        last = self._rendered.get(part.name)
        self.renderings += 1
        if last is None or last.html != html:
            self.revision += 1
            event = self._event(part.name, html, self.revision)
            self._rendered[part.name] = Fragment(self.revision, html, event)

    def _event(self, name: str, html: str, revision: int) -> bytes:
        lines = "\n".join(f"data: {line}" for line in html.splitlines() or [""])
        return f"event: {name}\nid: {self._boot}-{revision}\n{lines}\n\n".encode()

    def next_after(self, revision: int) -> Fragment | None:
        """Return the part that changed first of those changed after a revision."""
        newer = (one for one in self._rendered.values() if one.revision > revision)
        return min(newer, key=lambda one: one.revision, default=None)

    def revision_of(self, event_id: str) -> int:
        """Return the revision that an event's id stands for; 0 if it is not of this process."""
        boot, _, number = event_id.partition("-")
        known = boot == self._boot and number.isascii() and number.isdigit() and len(number) < 16
        return min(int(number), self.revision) if known else 0

    def tick(self) -> bytes:
        """Return the sign of life: a comment, and an event that the page can see."""
        now_s = self._view.now_s()
        return f": heartbeat\nevent: tick\ndata: {now_s:.3f}\n\n".encode()

    def html(self) -> str:
        """Return the whole page as it is now."""
        self.refresh()
        parts = {
            part.name: self._rendered[part.name].html if part.name in self._rendered else ""
            for part in self._parts
        }
        shared = self._records.get("clients") is not None
        return self._fragments.page(parts, shared=shared, now_s=self._view.now_s())
