"""What people say, and who they say they are. Pure functions."""

from meshtastic.protobuf import mesh_pb2

from benchmarks.traffic.contents import Port, data_of
from benchmarks.traffic.occasion import Occasion

_WORDS = (
    "bonjour", "test", "quelqu'un", "ici", "reçu", "antenne", "ce soir", "merci", "Lyon", "toit",
    "combien", "de sauts", "à demain", "météo", "ça passe", "bien", "👍", "relais", "ok", "73",
)  # fmt: skip
_EMOJI = ("👍", "❤️", "😂", "‼️", "👋")


def text(occasion: Occasion) -> mesh_pb2.Data:
    """Return a line of two to twelve words and a number, none a command."""
    chance = occasion.chance
    words = chance.choices(_WORDS, k=chance.randrange(2, 13))
    said = f"{' '.join(words)} {chance.getrandbits(20)}"
    return data_of(Port.TEXT_MESSAGE_APP, said.encode())


def reaction(occasion: Occasion) -> mesh_pb2.Data:
    """Return an emoji to a text heard before."""
    data = data_of(Port.TEXT_MESSAGE_APP, occasion.chance.choice(_EMOJI).encode())
    data.reply_id = occasion.chance.getrandbits(32)
    data.emoji = 1
    return data


def node_info(occasion: Occasion) -> mesh_pb2.Data:
    """Return names, hardware and key; one in fifty has another name than before."""
    user = occasion.speaker.user()
    user.is_unmessagable = False
    if occasion.chance.random() < 0.02:
        user.long_name = f"{user.long_name} {occasion.chance.getrandbits(10)}"
    return data_of(Port.NODEINFO_APP, user)
