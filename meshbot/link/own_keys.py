"""Remembers the private key that our node gave, for a later configuration that leaves it out.

One is left out where a frame of the handshake is lost or cannot be read, or since the node was
locked meanwhile. A key is used for the node that gave it alone, and only while that node has the
same public key. It stays in memory, and is in no ``repr``.

Any thread may ask; what is remembered is a record that never changes, replaced whole.
"""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

KEY_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class ToldKeys:
    """What a session's configuration told of its node's keys so far; empty for what it did not.

    ``told_security``: its security section came, be it empty.
    """

    num: int
    public: bytes
    private: bytes
    told_security: bool


@dataclass(frozen=True, slots=True, repr=False)
class _KeyPair:
    num: int
    public: bytes
    private: bytes


class OwnKeys:
    """The key pair that was given last."""

    def __init__(self) -> None:
        """Nothing was given yet."""
        self._given: _KeyPair | None = None

    def __repr__(self) -> str:
        """Say nothing of the keys."""
        return "OwnKeys()"

    def private_key(self, told: ToldKeys) -> bytes:
        """Return the private key of the node behind a session, ``b""`` if it is not known.

        One that is told is remembered. Of a node that was told to have no key nothing is: it may
        have been reset to its factory settings.
        """
        given = self._given
        if told.private:
            if given is None or (given.num, given.private) != (told.num, told.private):
                self._remember(told)
            return told.private
        if given is None or given.num != told.num:
            return b""
        fits = told.public == given.public if told.public else not told.told_security
        return given.private if fits else b""

    def _remember(self, told: ToldKeys) -> None:
        # A key of another length is given on as it is, for the cipher to refuse, and not kept.
        if told.num and len(told.private) == KEY_BYTES:
            public = X25519PrivateKey.from_private_bytes(told.private).public_key()
            self._given = _KeyPair(told.num, public.public_bytes_raw(), told.private)
