"""Why a client of the shared node is gone."""

import errno
from dataclasses import dataclass

_LOST = {
    errno.ECONNRESET: "il a coupé la connexion",
    errno.EPIPE: "il a coupé la connexion",
    errno.ETIMEDOUT: "sa machine ne répond plus",
    errno.EHOSTUNREACH: "sa machine ne répond plus",
    errno.ENETUNREACH: "le réseau est coupé",
}


@dataclass(frozen=True, slots=True)
class ClientEnd:
    """The end of a connection, in words for the journal."""

    why: str
    dropped: bool = False
    """Whether the bot closed it, as it read nothing or sent too much."""
    theirs: bool = False
    """Whether the client, or the network, ended it: there is nobody left to tell anything."""


HUNG_UP = ClientEnd("il a raccroché", theirs=True)
STOPPING = ClientEnd("le bot s'arrête")
NO_FRAME = ClientEnd("aucune trame valide depuis son arrivée")
SILENT = ClientEnd("il n'a plus rien dit depuis trop longtemps")
READS_NOTHING = ClientEnd("il ne lit pas ce qu'on lui envoie", dropped=True)
JUNK = ClientEnd("il envoie trop de données qui ne sont pas des trames", dropped=True)


def lost(error: OSError) -> ClientEnd:
    """Return what a failed read or write says about the connection."""
    why = _LOST.get(error.errno or 0) or f"erreur du réseau : {error.strerror or error}"
    return ClientEnd(why, theirs=True)
