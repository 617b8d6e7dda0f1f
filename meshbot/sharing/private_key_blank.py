"""Takes the node's private key out of what clients are given. Pure.

It stands in the security config: in the configuration, and in the answer to who asks for that
config (``handleGetConfig``). Everything else is kept, also what our protobufs do not know.
"""

from google.protobuf.message import DecodeError
from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2

from meshbot.sharing.admin_rules import may_answer_config


def blank_private_key(message: mesh_pb2.FromRadio) -> mesh_pb2.FromRadio:
    """Return a frame without the private key: the same object if there is none in it, or a copy."""
    if message.config.security.private_key:
        copy = _copy_of(message)
        copy.config.security.ClearField("private_key")
        return copy
    data = message.packet.decoded
    if data.portnum != portnums_pb2.PortNum.ADMIN_APP:
        return message
    blanked = _blanked_answer(data.payload)
    if blanked == data.payload:
        return message
    copy = _copy_of(message)
    copy.packet.decoded.payload = blanked
    return copy


def _blanked_answer(payload: bytes) -> bytes:
    if not may_answer_config(payload):
        return payload
    try:
        admin = admin_pb2.AdminMessage.FromString(payload)
    except DecodeError:
        return b""  # a parser less strict than ours may find the key in it
    if not admin.get_config_response.security.private_key:
        return payload
    admin.get_config_response.security.ClearField("private_key")
    return admin.SerializeToString()


def _copy_of(message: mesh_pb2.FromRadio) -> mesh_pb2.FromRadio:
    copy = mesh_pb2.FromRadio()
    copy.CopyFrom(message)
    return copy
