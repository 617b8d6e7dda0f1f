"""Puts weeks together: a place, a bot, and how it is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.diagnosis.weeks.air import Fade
from tests.diagnosis.weeks.bot_journal import BotJournal
from tests.diagnosis.weeks.node import NodeTraits
from tests.diagnosis.weeks.original_bot import OriginalBot, OriginalTraits
from tests.diagnosis.weeks.site import Site
from tests.diagnosis.weeks.sync_fault import INNOCENT, SyncFault
from tests.diagnosis.weeks.this_bot import BotTraits, ThisBot
from tests.diagnosis.weeks.traffic import NORMAL, MeshTraits
from tests.diagnosis.weeks.weather import short_fades
from tests.diagnosis.weeks.week import Chances, Start, Week, make_site, start_of

Fades = Callable[[Chances, Start], list[Fade]]
Befalls = Callable[[Chances, Start, Site], None]


@dataclass(frozen=True)
class Recipe:
    """All that a kind of week is made of."""

    fades: Sequence[Fades] = ()
    befalls: Sequence[Befalls] = ()
    sync: SyncFault = INNOCENT
    mesh: MeshTraits = NORMAL
    node: NodeTraits = field(default_factory=NodeTraits)
    bot: BotTraits | Callable[[Chances], BotTraits] = field(default_factory=BotTraits)
    original: OriginalTraits | None = None
    """Set where the original bot lives there."""
    text: bool = False
    days: float = 7.0

    def __call__(self, chances: Chances) -> Week:
        """Play one week."""
        start = start_of(chances, self.days)
        fades = short_fades(chances.of("short fades"), start.end_s)
        for make in self.fades:
            fades += make(chances, start)
        site = make_site(chances, start, fades=fades, node=self.node, mesh=self.mesh)
        for befall in self.befalls:
            befall(chances, start, site)
        if self.original is not None:
            original = OriginalBot(site, self.original, self.sync)
            site.agenda.run(start.end_s)
            return Week(lines=original.lines, truths=site.truths)
        traits = self.bot if isinstance(self.bot, BotTraits) else self.bot(chances)
        bot = ThisBot(site, traits, self.sync)
        site.agenda.run(start.end_s)
        lines = list(BotJournal().lines(bot.events)) if self.text else []
        return Week(events=bot.events, lines=lines, truths=site.truths)
