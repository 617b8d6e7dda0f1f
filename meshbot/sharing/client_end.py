"""Why a client of the shared node is gone."""

import errno
from dataclasses import dataclass

from meshbot.text.language import mark, tr

_LOST = {
    errno.ECONNRESET: mark("il a coupé la connexion"),
    errno.EPIPE: mark("il a coupé la connexion"),
    errno.ETIMEDOUT: mark("sa machine ne répond plus"),
    errno.EHOSTUNREACH: mark("sa machine ne répond plus"),
    errno.ENETUNREACH: mark("le réseau est coupé"),
}


@dataclass(frozen=True, slots=True)
class ClientEnd:
    """The end of a connection, in words for the journal."""

    why: str
    """To be said in the language of the journal."""
    dropped: bool = False
    """Whether the bot closed it, as it read nothing or sent too much."""
    theirs: bool = False
    """Whether the client, or the network, ended it: there is nobody left to tell anything."""


HUNG_UP = ClientEnd(mark("il a raccroché"), theirs=True)
STOPPING = ClientEnd(mark("le bot s'arrête"))
NO_FRAME = ClientEnd(mark("aucune trame valide depuis son arrivée"))
SILENT = ClientEnd(mark("il n'a plus rien dit depuis trop longtemps"))
READS_NOTHING = ClientEnd(mark("il ne lit pas ce qu'on lui envoie"), dropped=True)
JUNK = ClientEnd(mark("il envoie trop de données qui ne sont pas des trames"), dropped=True)


def lost(error: OSError) -> ClientEnd:
    """Return what a failed read or write says about the connection."""
    why = _LOST.get(error.errno or 0) or tr(
        "erreur du réseau : {strerror}", strerror=error.strerror or error
    )
    return ClientEnd(why, theirs=True)
