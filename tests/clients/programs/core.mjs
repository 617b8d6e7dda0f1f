// npm's @meshtastic/core over @meshtastic/transport-node. Talks as talk.py says; what to import is
// told by the folder that the packages are installed in, the third argument.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [host, port, folder] = process.argv.slice(2);
const require = createRequire(`${folder}/package.json`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { MeshDevice, Types } = await load("@meshtastic/core");
const { TransportNode } = await load("@meshtastic/transport-node");
const tell = (event, fields) => process.stdout.write(JSON.stringify({ event, ...fields }) + "\n");

let own = 0;
let nodes = 0;
let ending = false;
const transport = await TransportNode.create(host, Number(port));
const device = new MeshDevice(transport);
device.log.settings.minLevel = 7; // its lines would stand among ours
device.events.onMyNodeInfo.subscribe((info) => { own = info.myNodeNum; });
device.events.onNodeInfoPacket.subscribe(() => { nodes += 1; });
device.events.onMessagePacket.subscribe((packet) => tell("heard", { text: packet.data }));
device.events.onDeviceStatus.subscribe((status) => {
  if (status === Types.DeviceStatusEnum.DeviceConfigured) tell("connected", { own, nodes });
  if (status === Types.DeviceStatusEnum.DeviceDisconnected && !ending) tell("lost", { why: "status" });
});
device.configure().catch((error) => tell("problem", { text: String(error) }));
device.setHeartbeatInterval(15_000);
const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  const text = JSON.parse(line).say;
  // A broadcast's promise is kept only by an acknowledgement.
  device.sendText(text, "broadcast", true).catch((error) => tell("problem", { text: String(error?.error ?? error) }));
  tell("said", { text });
});
input.on("close", () => { ending = true; process.exit(0); });
