"""A trial's coin, where the link decides whether it asks for the node's database."""

from meshbot.link.reconnect_choice import ReconnectChoice
from meshbot.service.link_trial import LinkTrial


class LightChoice(ReconnectChoice):
    """What the trial of light reconnections says."""

    def __init__(self, trial: LinkTrial) -> None:
        """Name the trial."""
        self._trial = trial

    def is_light(self, usual: bool) -> bool:
        """Say what the coin says, or the result where it accuses; else as settings say."""
        full = self._trial.with_suspect()
        return usual if full is None else not full

    def opened(self) -> None:
        """Note what the coin said: from here on the arms differ."""
        self._trial.begins()
