"""Why a port cannot be opened, in words. Pure."""

import errno

from meshbot.text.foreign_text import printable
from meshbot.text.language import mark, tr

_TEXTS = {
    errno.EADDRINUSE: mark("un autre programme y écoute déjà"),
    errno.EACCES: mark("ce compte n'a pas droit à ce port"),
    errno.EADDRNOTAVAIL: mark("cette machine n'a pas cette adresse"),
}


def port_error_text(error: OSError) -> str:
    """Return why; what the system says where nothing better is known."""
    known = _TEXTS.get(error.errno or 0)
    return tr(known) if known else printable(error.strerror or str(error))
