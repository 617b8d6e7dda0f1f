"""Frames out of a byte stream, however the stream is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot.link.frame_decoder import MAX_PAYLOAD_BYTES, FrameDecoder, encode_frame

START = b"\x94\xc3"

payloads = st.binary(max_size=40) | st.sampled_from([b"", START, START * 3, b"x" * 512])
rubbish = st.lists(st.sampled_from([b"\x94", b"\xc3", b"\xff", b"\x00", b"log line\n"]), max_size=6)
# Rubbish and frames, some of which the rubbish before them spoils: all that a stream can bring.
streams = st.lists(st.one_of(rubbish.map(b"".join), payloads.map(encode_frame)), max_size=8).map(
    b"".join
)


def quiet_rubbish() -> st.SearchStrategy[bytes]:
    """Return bytes that cannot be taken for a start of a frame."""
    return st.binary(max_size=30).map(lambda data: data.replace(b"\x94", b"."))


def decode(*chunks: bytes) -> list[bytes]:
    decoder = FrameDecoder(bytes)
    return [payload for chunk in chunks for payload in decoder.feed(chunk)]


@given(streams, st.data())
def test_any_split_of_the_stream_gives_the_same_frames_and_the_same_count(
    stream: bytes, data: st.DataObject
) -> None:
    whole = FrameDecoder(bytes)
    expected = whole.feed(stream)
    split = FrameDecoder(bytes)
    got: list[bytes] = []
    position = 0
    while position < len(stream):
        size = data.draw(st.integers(1, 20))
        got += split.feed(stream[position : position + size])
        position += size
    assert got == expected
    assert split.skipped_bytes == whole.skipped_bytes


@given(st.lists(st.tuples(quiet_rubbish(), payloads)))
def test_every_frame_between_rubbish_is_found_and_the_rubbish_is_counted(
    items: list[tuple[bytes, bytes]],
) -> None:
    decoder = FrameDecoder(bytes)
    stream = b"".join(noise + encode_frame(payload) for noise, payload in items)
    assert decoder.feed(stream) == [payload for _, payload in items]
    assert decoder.skipped_bytes == sum(len(noise) for noise, _ in items)


@given(streams)
def test_a_frame_arrives_after_any_rubbish_once_512_quiet_bytes_went_by(stream: bytes) -> None:
    quiet = b"." * (MAX_PAYLOAD_BYTES + 4)
    assert decode(stream, quiet, encode_frame(b"after"))[-1] == b"after"


def test_a_stream_of_single_bytes_gives_the_frame_with_its_last_byte() -> None:
    decoder = FrameDecoder(bytes)
    frame = encode_frame(b"hello")
    assert [decoder.feed(bytes([byte])) for byte in frame] == [[]] * 8 + [[b"hello"]]


def test_a_start_byte_at_the_end_of_a_chunk_is_kept_for_the_next() -> None:
    decoder = FrameDecoder(bytes)
    assert decoder.feed(b"boot\x94") == []
    assert decoder.skipped_bytes == 4
    assert decoder.feed(encode_frame(b"hello")[1:]) == [b"hello"]
    assert decoder.skipped_bytes == 4


def test_a_start_byte_that_starts_nothing_is_counted_later() -> None:
    decoder = FrameDecoder(bytes)
    decoder.feed(b"\x94")
    assert decoder.skipped_bytes == 0
    decoder.feed(b"x")
    assert decoder.skipped_bytes == 2


def test_a_doubled_start_byte_does_not_hide_the_frame() -> None:
    assert decode(b"\x94" + encode_frame(b"hello")) == [b"hello"]


def test_a_frame_right_behind_an_oversized_length_is_not_lost() -> None:
    decoder = FrameDecoder(bytes)
    assert decoder.feed(START + b"\x02\x01" + encode_frame(b"hello")) == [b"hello"]
    assert decoder.skipped_bytes == 4


def test_a_start_in_the_place_of_the_length_begins_the_frame() -> None:
    decoder = FrameDecoder(bytes)
    assert decoder.feed(START + encode_frame(b"hello")) == [b"hello"]
    assert decoder.skipped_bytes == 2


def test_the_longest_and_the_empty_payload_pass() -> None:
    longest = bytes(range(256)) * 2
    assert decode(encode_frame(longest), encode_frame(b"")) == [longest, b""]


def test_a_frame_says_its_length_in_16_bits_big_endian() -> None:
    assert encode_frame(b"ab") == b"\x94\xc3\x00\x02ab"
    assert encode_frame(b"x" * 512)[:4] == b"\x94\xc3\x02\x00"


def test_a_payload_above_512_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="513"):
        encode_frame(b"x" * 513)


def test_endless_rubbish_is_not_kept() -> None:
    decoder = FrameDecoder(bytes)
    for _ in range(1_000):
        decoder.feed(b"\x94x" * 500)
    assert decoder.skipped_bytes == 1_000_000


def no_ff(payload: bytes) -> bytes | None:
    """A parser to which a payload with 0xFF in it is no frame."""
    return None if b"\xff" in payload else payload


def test_frames_swallowed_by_a_half_frame_are_found_again() -> None:
    decoder = FrameDecoder(no_ff)
    half = encode_frame(b"\xff" * 40)[:24]
    others = [bytes([n]) * 7 for n in range(1, 9)]
    stream = half + b"".join(encode_frame(other) for other in others)
    assert decoder.feed(stream) == others
    assert decoder.skipped_bytes == len(half)


def test_after_a_pause_a_new_frame_does_not_complete_a_half_one() -> None:
    decoder = FrameDecoder(bytes)
    half = encode_frame(b"a" * 40)[:24]
    assert decoder.feed(half + encode_frame(b"hidden")) == []
    assert decoder.feed(encode_frame(b"whole"), pause_s=5.0) == [b"hidden", b"whole"]
    assert decoder.skipped_bytes == len(half)


def test_a_frame_that_comes_in_two_pieces_with_a_pause_between_is_whole() -> None:
    decoder = FrameDecoder(bytes)
    whole = encode_frame(b"a slow Wi-Fi")
    assert decoder.feed(whole[:9]) == []
    assert decoder.feed(whole[9:], pause_s=5.0) == [b"a slow Wi-Fi"]


def mending_decoder(mended: list[tuple[bytes, bool]]) -> FrameDecoder[bytes]:
    """Return a decoder of payloads without ``!``, which notes what it is asked to mend."""

    def mend(payload: bytes, stands_alone: bool) -> bytes | None:
        mended.append((payload, stands_alone))
        return payload.replace(b"!", b"?") if stands_alone else None

    return FrameDecoder(lambda payload: None if b"!" in payload else payload, mend)


@pytest.mark.parametrize(
    ("payload", "rest", "alone"),
    [
        (b"broken!", b"", True),
        (b"broken!", encode_frame(b"next"), True),
        ("ÔÔÔ!".encode(), b"", True),  # C3 94 C3 94 C3 94: no frame is as long as that
        (b"half!" + encode_frame(b"next"), b"", False),
        (b"half!" + encode_frame(b"next")[:3], b"", False),
        (b"half!\x94", b"\xc3\x00\x04next", False),
        (b"half!\x94", b"", False),
        (b"name!\x94", encode_frame(b"next"), True),
    ],
)
def test_only_what_stands_alone_is_mended(payload: bytes, rest: bytes, alone: bool) -> None:
    mended: list[tuple[bytes, bool]] = []
    frames = mending_decoder(mended).feed(encode_frame(payload) + rest)
    assert mended[0] == (payload, alone)
    assert (payload.replace(b"!", b"?") in frames) is alone
    assert (b"next" in frames) is (b"next" in payload + rest)
