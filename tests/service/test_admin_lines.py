"""Who may give orders, as the operator reads it at the start."""

from meshbot.service.admin_lines import admin_lines

ANN, BOB = 0x0A, 0x0B
KEY = b"\x01" * 32


class Keys:
    def public_key(self, num: int) -> bytes:
        return KEY if num == ANN else b""

    def label(self, num: int) -> str:
        return f"Node{num}"


def test_nobody_is_no_line() -> None:
    assert list(admin_lines(Keys(), {})) == []


def test_with_their_keys_they_are_one_line() -> None:
    (line,) = admin_lines(Keys(), {ANN: "AQEBAQEBAQEB", BOB: "AgIC"})
    assert (
        line == "🛠️ Ordres acceptés de : Node10 (clé AQEBAQEBAQEB…), Node11 (clé AgIC…), sur preuve"
    )


def test_without_their_keys_they_are_told_what_to_write() -> None:
    first, known, unknown = admin_lines(Keys(), {ANN: "", BOB: ""})
    assert first == "🛠️ Ordres acceptés de : Node10, Node11, sur preuve"
    assert known.endswith('"!0000000a:AQEBAQEBAQEB"')
    assert "Node11 : la première clé apprise y commande, dès qu'il y en aura une" in unknown
