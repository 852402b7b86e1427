/** Does with a store of Mine.js what the tests ask for: a JSON document on each line. Bytes travel as hexadecimal, CIDs as text. */
import { fromHex, toHex } from "../../../mine_js/dist/protocol/bytes.js";
import { Cid } from "../../../mine_js/dist/protocol/cid.js";
import { KuboRpc } from "../../../mine_js/dist/store/kubo/rpc.js";
import { KuboStore } from "../../../mine_js/dist/store/kubo/store.js";
import { openStore } from "../../../mine_js/dist/store/locations.js";
import { answerAll } from "../alike/programs/answering.mjs";

const stores = new Map();
const opened = (setting, options) => {
  const key = JSON.stringify([setting, options]);
  if (!stores.has(key)) stores.set(key, options === undefined ? openStore(setting) : new KuboStore(setting.slice("kubo:".length), options));
  return stores.get(key);
};
const plain = (value) =>
  value instanceof Uint8Array ? toHex(value) : value instanceof Cid ? value.toString() : Array.isArray(value) ? value.map(plain) : value;

await answerAll(async ({ store, options, rpc, do: method, cid, data, owner, most, seconds, path }) => {
  const named = cid === undefined ? [] : [Cid.parse(cid)];
  const bytes = data === undefined ? [] : [fromHex(data)];
  const rest = [owner, path, most, seconds].filter((given) => given !== undefined);
  const thing = rpc === undefined ? opened(store, options) : new KuboRpc(rpc);
  return { is: plain(await thing[method](...named, ...bytes, ...rest)) ?? null };
});
