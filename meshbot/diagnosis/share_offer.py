"""How a client that takes the connection could share the node instead. Pure."""

import json
from dataclasses import dataclass

from meshbot.text.language import tr

EVERYWHERE = ("0.0.0.0", "::")
LOOPBACK = ("127.0.0.1", "::1", "localhost")

MOST_CHARS = 255


@dataclass(frozen=True)
class ShareOffer:
    """Where the bot shares its node, by the settings of its last start; port 0: nowhere."""

    port: int = 0
    address: str = ""

    def advice(self) -> str:
        """Return what to do with another client, instead of closing it."""
        if not self.port:
            return tr(
                "Ou laisser ce bot partager le nœud : SHARE_PORT = 4403 dans config.py (et "
                'SHARE_ADDRESS = "0.0.0.0" pour les autres machines), puis donner à cet autre '
                "client l'adresse de la machine du bot au lieu de celle du nœud : docs/sharing.md."
            )
        if self.address in EVERYWHERE:
            place = tr("l'adresse de la machine du bot, port {port},", port=self.port)
        elif self.address in LOOPBACK:
            return tr(
                "Le bot partage déjà le nœud, sur {place} : y connecter cet autre client "
                "s'il est sur cette machine, sinon ouvrir d'abord SHARE_ADDRESS (docs/sharing.md).",
                place=self._place(),
            )
        else:
            place = self._place()
        return tr(
            "Le bot partage déjà le nœud : donner à cet autre client {place} au lieu de l'adresse "
            "du nœud (docs/sharing.md).",
            place=place,
        )

    def _place(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


def share_in(settings: str) -> ShareOffer | None:
    """Return where the node is shared, by a start's settings; None where these are not told."""
    try:
        said = json.loads(settings)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    port, address = said.get("SHARE_PORT"), said.get("SHARE_ADDRESS")
    if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 1 << 16:
        return ShareOffer()
    if not isinstance(address, str) or len(address) > MOST_CHARS:
        return ShareOffer()
    return ShareOffer(port, address)
