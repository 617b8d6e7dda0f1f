"""What the operator is told at the start of who may give orders."""

from collections.abc import Iterator, Mapping

from meshbot.messages.key_book import KeyBook
from meshbot.model.known_node import node_id
from meshbot.model.public_key import fingerprint


def admin_lines(keys: KeyBook, admin_nodes: Mapping[int, str]) -> Iterator[str]:
    """Yield a line that names them, and one for each who is named without his key.

    ``admin_nodes``: the beginning of the key, or nothing, by node number.
    """
    names = ", ".join(
        keys.label(num) + (f" (clé {beginning}…)" if beginning else "")
        for num, beginning in admin_nodes.items()
    )
    if names:
        yield f"🛠️ Ordres acceptés de : {names}, sur preuve"
    for num, beginning in admin_nodes.items():
        if not beginning:
            known = fingerprint(keys.public_key(num))
            which = "" if known else ", dès qu'il y en aura une"
            yield (
                f"ℹ️ ADMIN_NODES ne donne que le numéro de {keys.label(num)} : la première clé "
                f"apprise y commande{which} ; plus sûr, avec la clé que montre son application : "
                f'"{node_id(num)}:{known or "…"}"'
            )
