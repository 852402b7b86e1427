/** Where a daemon's RPC is, from its multiaddress. */
import { isIPv4, isIPv6 } from "node:net";
import { StoreSettingError } from "../errors.ts";

/** What a request takes to get there; `family` 0: whichever address the name has. */
export interface RpcAddress {
  readonly secure: boolean;
  readonly target: { readonly socketPath: string } | { readonly host: string; readonly port: number; readonly family: 0 | 4 | 6 };
}

const FAMILIES = { ip4: 4, dns4: 4, ip6: 6, dns6: 6, dns: 0 } as const;
type HostKind = keyof typeof FAMILIES;

/** Reads `/ip4/127.0.0.1/tcp/5001/http`; also ip6, dns, dns4, dns6, https, and `/unix/path/of/socket`. */
export function rpcAddress(address: string): RpcAddress {
  const [nothing, kind = "", host = "", transport, port = "", ...rest] = address.split("/");
  if (nothing === "" && kind === "unix" && host !== "") return { secure: false, target: { socketPath: `/${address.split("/").slice(2).join("/")}` } };
  const isHost = kind === "ip4" ? isIPv4(host) : kind === "ip6" ? isIPv6(host) : Object.hasOwn(FAMILIES, kind) && /^[\w.-]+$/.test(host);
  const isPort = transport === "tcp" && /^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65535;
  const [application = "http", ...more] = rest;
  if (nothing !== "" || !isHost || !isPort || more.length > 0 || (application !== "http" && application !== "https")) {
    throw new StoreSettingError(`'${address}' is not the address of a daemon's RPC; expected one like '/ip4/127.0.0.1/tcp/5001/http'`);
  }
  return { secure: application === "https", target: { host, port: Number(port), family: FAMILIES[kind as HostKind] } };
}
