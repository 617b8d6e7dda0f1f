"""A reply from when it is queued until its last text went out."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from meshbot.messages.asker import Asker
from meshbot.messages.outgoing_text import OutgoingText
from meshbot.messages.question import Question
from meshbot.model.link_error import LinkError


@dataclass(eq=False)
class WaitingReply:
    """One answer, its texts made or not yet. Once queued, the sender's thread alone changes it."""

    blank: OutgoingText
    """What it goes out as, still without words."""
    question: Question
    make: Callable[[], str] | None = None
    """Makes its words, on the worker's thread, when its turn has come; None: made from the start"""
    texts: list[OutgoingText] = field(default_factory=list)
    """What is made of it and did not go out yet."""
    made_on: object = None
    """The session for which they were made."""
    begun: bool = False
    """Whether anything of it may be with the node already: then it is not made again."""
    leaving: bool = False
    """Whether the node is being given the last of it: who asks again then has read it perhaps."""
    unsure: int = 0
    """How often its next text went out to a fate unknown."""
    problem: LinkError | None = None
    """Why it did not go out at the last try."""
    held_back: bool = False
    """Whether it waits for air time."""

    @property
    def asker(self) -> Asker:
        """For whom it is."""
        return self.question.asker

    @property
    def queued_s(self) -> float:
        """When it was queued, on the sender's clock."""
        return self.blank.queued_s

    def fill(self, parts: list[str]) -> None:
        """Take its words."""
        self.texts = [replace(self.blank, text=part) for part in parts]

    def enter_session(self, session: object) -> None:
        """Have it made again if it was made for another session: what it tells may be so no more"""
        if self.made_on is not session:
            self.unmake()
        self.made_on = session

    def unmake(self) -> None:
        """Have it made again for the next try, as long as nothing of it went out."""
        if self.make is not None and not self.begun:
            self.texts.clear()

    def seal(self) -> None:
        """Have what is left of it go out under our own seal."""
        self.leaving = False
        for text in (self.blank, *self.texts):
            text.sealed = True

    def text_is_over(self) -> None:
        """Go on to the next text: the node took this one, or will not."""
        self.texts.pop(0)
        self.begun, self.unsure, self.problem = True, 0, None
