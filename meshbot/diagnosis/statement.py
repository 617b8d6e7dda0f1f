"""Something that the report says of the losses, and how it knows."""

from dataclasses import dataclass

from meshbot.text.language import tr
from meshbot.text.typography import labelled


@dataclass(frozen=True)
class Statement:
    """A phrase. ``observed``: the bot or the node saw it; else it is inferred."""

    text: str
    observed: bool = True

    @property
    def marked(self) -> str:
        """The phrase with its mark."""
        return labelled(tr("observé") if self.observed else tr("déduit"), self.text)
