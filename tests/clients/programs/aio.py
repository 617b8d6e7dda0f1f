"""``aiomeshtastic``: its reading, its writing and its heartbeats."""

import asyncio
import os
import random
import sys

import aiomeshtastic  # type: ignore[import-not-found]

# The generated modules of the meshtastic 2.3 that it needs, which stood elsewhere then.
from meshtastic import mesh_pb2, portnums_pb2

from tests.clients.programs import talk

BROADCAST_NUM = 0xFFFFFFFF


async def read(client: aiomeshtastic.Client) -> None:
    """Tell of each text until the connection ends."""
    try:
        async for message in client.read():
            if message.packet.decoded.portnum == portnums_pb2.TEXT_MESSAGE_APP:
                talk.tell("heard", text=message.packet.decoded.payload.decode())
    except (OSError, EOFError) as error:
        talk.tell("lost", why=repr(error))


async def main() -> None:
    """Connect, and send what is asked for."""
    host, port = talk.address()
    async with aiomeshtastic.get_client(f"tcp://{host}:{port}") as client:
        config = await client.get_config()
        own = next(frame.my_info.my_node_num for frame in config if frame.HasField("my_info"))
        nodes = sum(frame.HasField("node_info") for frame in config)
        talk.tell("connected", own=own, nodes=nodes)
        reading = asyncio.create_task(read(client))
        while line := await asyncio.to_thread(sys.stdin.readline):
            text = talk.text_of(line)
            packet = mesh_pb2.MeshPacket(to=BROADCAST_NUM, id=random.randrange(1, 1 << 32))
            packet.decoded.portnum = portnums_pb2.TEXT_MESSAGE_APP
            packet.decoded.payload = text.encode()
            await client.write(mesh_pb2.ToRadio(packet=packet))
            talk.tell("said", text=text)
        reading.cancel()


asyncio.run(main())
os._exit(0)
