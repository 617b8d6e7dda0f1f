"""How often each kind of packet comes, in percent. What is from where:

- Position 39, telemetry 35, encrypted 17, node info 7, everything else 1: 654 packets of 75 nodes,
  as a client in Las Vegas had them (https://github.com/Affirmatech/MeshSense/issues/64).
- Few texts, no more than a thousandth: an operator's experience of a large mesh
  (https://meshtastic.site/uncategorized/meshtastic-medium-fast-long-fast-dx-meshing-and-large-scale-networks).
  A bot hears more, as people write to it: here 2.6 % with reactions and direct texts.
- On some meshes a third of the traffic is traceroutes
  (https://github.com/Yeraze/meshmanager/issues/57), but a node hands its client only what is for
  everybody or for itself (``RoutingModule.cpp``, 2.5 to 2.8;
  https://github.com/Yeraze/meshmonitor/issues/1790). So of traceroutes, acknowledgements and sealed
  messages there are those for us, and none for others. Map reports go to MQTT only.

Assumptions are how positions and telemetry are divided among their kinds, the 2.6 % of texts, and
each of the small shares. They are rather high than low, at the cost of the four large ones. What
protobuf rejects, such as a name cut within a character, is left out: the stock library never tells
its callback of it, and writes a traceback instead, which would count for us.

The worst mix has the three kinds of which least is gained over the stock library, each of them
measured alone (``make bench RUN=kinds``), in equal shares.
"""

CITY = "city"
WORST = "worst"
SHARED = "shared"

MIXES: dict[str, dict[str, float]] = {
    CITY: {
        "position": 19.0,
        "position of a fixed node": 14.0,
        "position, 17 fields": 3.0,
        "device telemetry": 23.0,
        "environment telemetry": 6.0,
        "power telemetry": 1.5,
        "air quality telemetry": 0.5,
        "host telemetry": 0.3,
        "own local stats": 0.2,
        "other channel": 16.0,
        "node info": 7.1,
        "text": 1.6,
        "reaction": 0.4,
        "direct text": 0.6,
        "acknowledgement": 1.5,
        "traceroute": 1.5,
        "traced route": 0.5,
        "neighbour info": 0.8,
        "store and forward": 0.4,
        "ATAK position": 0.4,
        "private port": 0.4,
        "pax counter": 0.3,
        "range test": 0.3,
        "waypoint": 0.2,
        "detection sensor": 0.2,
        "admin answer": 0.2,
        "port without a name": 0.1,
    },
    WORST: dict.fromkeys(("direct text", "node info", "range test"), 100 / 3),
}
# The bot gives an answer to the client that asked, so of answers to nobody no client hears.
MIXES[SHARED] = {kind: share for kind, share in MIXES[CITY].items() if kind != "admin answer"}


def shares_of(name: str) -> dict[str, float]:
    """Return the shares of a mix, in percent; the name of a kind is a mix of nothing else."""
    return MIXES.get(name, {name: 100.0})
