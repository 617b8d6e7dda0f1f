"""Where the bot's parts tell what is counted of them and stands nowhere else."""

from meshbot.model.reply_fate import ReplyFate


class BotTally:
    """Takes count; any thread may tell, and none waits. This one keeps nothing."""

    def command_heard(self, name: str) -> None:
        """Count a command that gets an answer; ``name``: one of the bot's, or nothing."""

    def reply_ended(self, fate: ReplyFate) -> None:
        """Count what became of a reply."""

    def node_answered(self, seconds: float) -> None:
        """Count an answer of the node to the question whether it lives."""
