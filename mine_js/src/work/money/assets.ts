/** In what a campaign pays: how a token writes its amounts, as far as it says so. */
import { formatTokens, formatWei } from "../../protocol/amounts.ts";
import { toHex } from "../../protocol/bytes.ts";
import { ChainError } from "../../chain/errors.ts";
import type { Node } from "../../chain/node/node.ts";
import { encodeCall, ZERO_ADDRESS } from "../../chain/words.ts";

const MOST_DECIMALS = 30n;
const LONGEST_SYMBOL = 16;

/** `decimals` digits of the smallest unit are behind the point. */
export interface Asset {
  readonly address: string;
  readonly symbol: string;
  readonly decimals: number;
}

/** The asset, to show amounts of it; a token that cannot be asked is counted in its smallest units. */
export async function assetForPeople(node: Node, address: string): Promise<Asset> {
  if (address === ZERO_ADDRESS) return { address, symbol: "ETH", decimals: 18 };
  try {
    const decimals = await ask(node, address, "decimals()");
    if (decimals.length === 32 && BigInt(`0x${toHex(decimals)}`) <= MOST_DECIMALS) {
      return { address, symbol: symbolFrom(await ask(node, address, "symbol()").catch(nothing)), decimals: Number(decimals[31]) };
    }
  } catch (error) {
    nothing(error);
  }
  return { address, symbol: `units of ${address.slice(0, 8)}...${address.slice(-4)}`, decimals: 0 };
}

export function showAmount({ address, symbol, decimals }: Asset, amount: bigint): string {
  return address === ZERO_ADDRESS ? formatWei(amount) : formatTokens(amount, symbol, decimals);
}

function ask(node: Node, to: string, signature: string): Promise<Uint8Array> {
  return node.call({ to, data: `0x${toHex(encodeCall(signature, []))}` }, "latest");
}

/** At most 16 letters and digits; "tokens" where it says none that can be shown. */
function symbolFrom(raw: Uint8Array): string {
  const length = raw.length >= 64 ? Number(BigInt(`0x${toHex(raw.subarray(32, 64))}`)) : -1;
  const said = length >= 0 && length <= raw.length - 64 ? raw.subarray(64, 64 + length) : raw.subarray(0, 32);
  const plain = Buffer.from(said).toString("latin1").replace(/[^0-9A-Za-z]/g, "").slice(0, LONGEST_SYMBOL);
  return plain || "tokens";
}

/** A token that cannot be asked has said nothing. */
function nothing(error: unknown): Uint8Array {
  if (!(error instanceof ChainError)) throw error;
  return new Uint8Array(0);
}
