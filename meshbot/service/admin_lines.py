"""What the operator is told at the start of who may give orders."""

from collections.abc import Iterator, Mapping

from meshbot.messages.key_book import KeyBook
from meshbot.model.known_node import node_id
from meshbot.model.public_key import fingerprint
from meshbot.text.language import tr


def admin_lines(keys: KeyBook, admin_nodes: Mapping[int, str]) -> Iterator[str]:
    """Yield a line that names them, and one for each who is named without his key.

    ``admin_nodes``: the beginning of the key, or nothing, by node number.
    """
    names = ", ".join(
        keys.label(num) + (tr(" (clé {beginning}…)", beginning=beginning) if beginning else "")
        for num, beginning in admin_nodes.items()
    )
    if names:
        yield tr("🛠️ Ordres acceptés de : {names}, sur preuve", names=names)
    for num, beginning in admin_nodes.items():
        if not beginning:
            known = fingerprint(keys.public_key(num))
            which = "" if known else tr(", dès qu'il y en aura une")
            yield (
                tr(
                    "ℹ️ ADMIN_NODES ne donne que le numéro de {label} : la première clé "
                    "apprise y commande{which} ; plus sûr, avec la clé que montre son "
                    "application : "
                    '"{node_id}:{known}"',
                    label=keys.label(num),
                    which=which,
                    node_id=node_id(num),
                    known=known or "…",
                )
            )
