"""Why a port cannot be opened, in words. Pure."""

import errno

from meshbot.text.foreign_text import printable

_TEXTS = {
    errno.EADDRINUSE: "un autre programme y écoute déjà",
    errno.EACCES: "ce compte n'a pas droit à ce port",
    errno.EADDRNOTAVAIL: "cette machine n'a pas cette adresse",
}


def port_error_text(error: OSError) -> str:
    """Return why; what the system says where nothing better is known."""
    return _TEXTS.get(error.errno or 0) or printable(error.strerror or str(error))
