"""Cut a reply into messages that fit the air. Pure."""


def split_text(text: str, max_bytes: int, max_parts: int) -> list[str]:
    """Cut ``text`` into at most ``max_parts`` pieces of at most ``max_bytes`` of UTF-8 each.

    Cuts at a line's end where one is near, else between words, else between characters; never
    inside a character. What does not fit into ``max_parts`` is replaced by ``…``.
    """
    parts: list[str] = []
    rest = text.strip()
    while rest and len(parts) < max_parts:
        last = len(parts) == max_parts - 1
        if len(rest.encode("utf-8")) <= max_bytes:
            parts.append(rest)
            return parts
        room = max_bytes - len("…".encode()) if last else max_bytes
        cut = _cut_position(rest, room)
        if not last:
            cut = max(cut, 1)
        part, rest = rest[:cut].rstrip(), rest[cut:].lstrip()
        parts.append(part + "…" if last else part)
    return parts


def _cut_position(text: str, max_bytes: int) -> int:
    """Return how many characters of ``text`` to take for at most ``max_bytes``; at least one."""
    fits = len(text.encode("utf-8")[:max_bytes].decode("utf-8", errors="ignore"))
    for separator in ("\n", " "):
        cut = text.rfind(separator, 0, fits + 1)
        if cut > fits // 2:
            return cut
    return fits
