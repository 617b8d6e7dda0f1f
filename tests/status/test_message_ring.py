"""Messages are kept with what became of them, some of them, for whoever asks."""

import threading

from meshbot.status.message_ring import KEPT, MessageRing
from meshbot.status.page.live_view import Fate


def fates(ring: MessageRing) -> list[tuple[str, Fate, str]]:
    return [(message.text, message.fate, message.why) for message in ring.latest()]


def test_a_text_is_followed_by_its_packet() -> None:
    ring = MessageRing(lambda: 5.0)
    ring.heard(1, "/ping")
    ring.sent(7, 1, "pong")
    ring.sent(8, 2, "other")
    assert fates(ring) == [
        ("other", Fate.SENT, ""),
        ("pong", Fate.SENT, ""),
        ("/ping", Fate.HEARD, ""),
    ]
    ring.delivered(7)
    ring.failed(8, "out of reach")
    ring.delivered(99)
    ring.delivered(0)
    assert fates(ring) == [
        ("other", Fate.FAILED, "out of reach"),
        ("pong", Fate.DELIVERED, ""),
        ("/ping", Fate.HEARD, ""),
    ]
    assert {message.at_s for message in ring.latest()} == {5}


def test_what_never_went_is_told_too() -> None:
    ring = MessageRing()
    ring.refused(1, "text", "queue full")
    ring.dropped(1, "no link")
    assert fates(ring) == [("", Fate.DROPPED, "no link"), ("text", Fate.FAILED, "queue full")]


def test_only_so_many_are_kept_and_each_is_bounded() -> None:
    ring = MessageRing()
    for number in range(3 * KEPT):
        ring.sent(number + 1, 1, f"{number} \x1b[31m\n" + "x" * 5_000)
    kept = ring.latest()
    assert len(kept) == KEPT
    assert kept[0].text.startswith(f"{3 * KEPT - 1} [31m\nx")
    assert all(len(message.text) <= 300 for message in kept)


def test_many_threads_may_tell() -> None:
    ring = MessageRing()

    def tell(first: int) -> None:
        for number in range(first, first + 300):
            ring.sent(number, 1, "text")
            ring.delivered(number)
            ring.latest()

    threads = [threading.Thread(target=tell, args=(1 + 1_000 * part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [message.fate for message in ring.latest()] == [Fate.DELIVERED] * KEPT
