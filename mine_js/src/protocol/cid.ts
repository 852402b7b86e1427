/** Names of artifacts: IPFS content identifiers of version 0, and their 32-byte form on chain. */
import { createHash } from "node:crypto";
import { OpenMinedError } from "../errors.ts";
import { concat, fromBigInt, sameBytes, toBigInt, toHex } from "./bytes.ts";

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const MULTIHASH = Uint8Array.of(0x12, 0x20);
const NOTHING = new Uint8Array(32);

/** A text or a digest that names no artifact. */
export class CidError extends OpenMinedError {}

export function sha256(data: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(data).digest());
}

/** The name of one artifact, or of one block: the sha2-256 digest of a dag-pb root. */
export class Cid {
  readonly digest: Uint8Array;

  constructor(digest: Uint8Array) {
    if (digest.length !== 32) throw new CidError(`a CID has a digest of 32 bytes, not ${digest.length}`);
    if (sameBytes(digest, NOTHING)) {
      throw new CidError("32 zero bytes are no CID: on chain they mean that nothing has been set");
    }
    this.digest = digest;
  }

  /** Read `Qm...`, 46 characters of base58btc. */
  static parse(text: string): Cid {
    const shown = text.length <= 80 ? text : `${text.slice(0, 80)}...`;
    if (text.length !== 46 || !text.startsWith("Qm")) {
      throw new CidError(`'${shown}' is not a CID of version 0: those are 46 characters long and start with 'Qm'`);
    }
    let number = 0n;
    for (const character of text) {
      const value = ALPHABET.indexOf(character);
      if (value < 0) throw new CidError(`'${shown}' is not a CID: '${character}' is not in base58btc`);
      number = number * 58n + BigInt(value);
    }
    const multihash = fromBigInt(number, 35);
    if (multihash[0] !== 0 || !sameBytes(multihash.subarray(1, 3), MULTIHASH)) {
      throw new CidError(`'${shown}' is not a CID of version 0: it does not hold a sha2-256 digest`);
    }
    return new Cid(multihash.slice(3));
  }

  static ofBlock(block: Uint8Array): Cid {
    return new Cid(sha256(block));
  }

  equals(other: Cid): boolean {
    return sameBytes(this.digest, other.digest);
  }

  get hex(): string {
    return toHex(this.digest);
  }

  toString(): string {
    let number = toBigInt(concat([MULTIHASH, this.digest]));
    let text = "";
    while (number > 0n) {
      text = (ALPHABET[Number(number % 58n)] ?? "") + text;
      number /= 58n;
    }
    return text;
  }
}
