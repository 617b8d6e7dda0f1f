"""Which messages were answered already. Pure."""

from collections import OrderedDict

REMEMBERED_MESSAGES = 2_000


class AnsweredMessages:
    """The ids of the last messages, apart by proof. Owned by the worker thread.

    Apart, so that nobody can use up or flush the ids of somebody else's messages. But what was
    answered with proof is not answered again without: somebody sent it on by another way.
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._ids: dict[bool, OrderedDict[tuple[int, int], None]] = {
            True: OrderedDict(),
            False: OrderedDict(),
        }

    def is_first(self, sender: int, packet_id: int, *, proven: bool) -> bool:
        """Say whether a message comes for the first time; yes counts as answered."""
        ids, key = self._ids[proven], (sender, packet_id)
        if key in ids or key in self._ids[True]:
            return False
        ids[key] = None
        if len(ids) > REMEMBERED_MESSAGES:
            ids.popitem(last=False)
        return True
