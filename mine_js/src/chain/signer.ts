/** Signing with a web3 keystore (version 3). The key is in memory only, and in no log or error. */
import { createCipheriv, createDecipheriv, pbkdf2Sync, randomBytes, randomUUID, scryptSync } from "node:crypto";
import { concat, fromHex, sameBytes, toHex } from "../protocol/bytes.ts";
import { isObject } from "../protocol/canonical_json.ts";
import { createSecretFile, readPrivate } from "../home/files.ts";
import type { Fees } from "./fees.ts";
import { KeyfileError, MalformedKeyfileError, WrongPassphraseError } from "./errors.ts";
import type { Call } from "./sonar.ts";
import { checksum, keccak } from "./words.ts";

const KEYFILE_BYTES = 64 * 1024;
const SCRYPT = { n: 262_144, r: 8, p: 1, dklen: 32 };
const MOST_MEMORY = 1 << 30;

/** Who signs transactions: an account whose key is not handed out. */
export interface Signer {
  /** The account, with its checksum. */
  readonly address: string;
  /** The raw transaction for this call: chain, number of the account's transaction, most gas, and what is paid for it in wei. */
  sign(call: Call, chainId: number, nonce: number, gas: bigint, fees: Fees): Promise<Uint8Array>;
}

/** The account of a keyfile, opened. */
export async function openKeyfile(path: string, passphrase: string): Promise<Signer> {
  const keystore = readKeystore(path);
  const signer = await keptSigner(decrypt(keystore, passphrase, path), path);
  const stated = keystore["address"];
  if (typeof stated === "string" && stated !== "" && plain(stated) !== plain(signer.address)) {
    throw new MalformedKeyfileError(path, `it says it is for 0x${plain(stated)}, but holds the key of ${signer.address}`);
  }
  return signer;
}

/** The signer of a decrypted key; the refusal of what is not a key quotes nothing of it. */
async function keptSigner(key: Uint8Array, path: string): Promise<Signer> {
  try {
    return await signerOf(key);
  } catch {
    throw new MalformedKeyfileError(
      path,
      `what it holds, ${key.length} bytes, is not a private key: that is 32 bytes, not all zero and below the order of secp256k1; ` +
        "take a keyfile that your wallet exported, or make one with the 'init' command",
    );
  }
}

export async function signerOf(key: Uint8Array): Promise<Signer> {
  const { privateKeyToAccount } = await import("viem/accounts");
  const account = privateKeyToAccount(`0x${toHex(key)}`);
  return {
    address: account.address,
    async sign(call, chainId, nonce, gas, fees) {
      const common = { chainId, nonce, to: call.to as `0x${string}`, value: call.value, data: `0x${toHex(call.data)}`, gas } as const;
      const signed = await account.signTransaction(
        fees.legacy
          ? { ...common, type: "legacy", gasPrice: fees.maxFee }
          : { ...common, type: "eip1559", maxFeePerGas: fees.maxFee, maxPriorityFeePerGas: fees.tip },
      );
      return fromHex(signed) ?? new Uint8Array(0);
    },
  };
}

/** Make a new key and seal it to a new file, mode 0600; its address. */
export async function createKeyfile(path: string, passphrase: string): Promise<string> {
  const key = new Uint8Array(randomBytes(32));
  const { address } = await signerOf(key);
  const salt = randomBytes(16);
  const derived = derive(passphrase, salt);
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-128-ctr", derived.subarray(0, 16), iv);
  const ciphertext = Buffer.concat([cipher.update(key), cipher.final()]);
  const document = {
    address: plain(address),
    crypto: {
      cipher: "aes-128-ctr", cipherparams: { iv: iv.toString("hex") }, ciphertext: ciphertext.toString("hex"), kdf: "scrypt",
      kdfparams: { ...SCRYPT, salt: salt.toString("hex") }, mac: toHex(keccak(concat([derived.subarray(16, 32), ciphertext]))),
    },
    id: randomUUID(),
    version: 3,
  };
  createSecretFile(path, Buffer.from(JSON.stringify(document)));
  return address;
}

/** The address that the keyfile says it is for, without the passphrase. */
export function keyfileAddress(path: string): string {
  const found = readKeystore(path)["address"];
  if (typeof found !== "string" || plain(found).length !== 40) throw new MalformedKeyfileError(path, "it does not name its address");
  return checksum(`0x${plain(found)}`);
}

/** One passphrase in every form in which another keyboard, system or release may have sealed a file. */
function spellings(passphrase: string): string[] {
  const bare = passphrase.replace(/^\ufeff/, "");
  const forms = [...new Set([bare.normalize("NFC"), bare, bare.normalize("NFD")])];
  return [...forms, ...forms.map((form) => `\ufeff${form}`)];
}

function decrypt(keystore: Record<string, unknown>, passphrase: string, path: string): Uint8Array {
  const refuse = (): never => {
    throw new MalformedKeyfileError(path, "a field is missing or not understood");
  };
  const sealed = isObject(keystore["crypto"]) ? keystore["crypto"] : isObject(keystore["Crypto"]) ? keystore["Crypto"] : refuse();
  const cipherparams = isObject(sealed["cipherparams"]) ? sealed["cipherparams"] : refuse();
  const params = isObject(sealed["kdfparams"]) ? sealed["kdfparams"] : refuse();
  const octets = (value: unknown): Uint8Array => (typeof value === "string" ? (fromHex(value) ?? refuse()) : refuse());
  const [ciphertext, mac, iv, salt] = [octets(sealed["ciphertext"]), octets(sealed["mac"]), octets(cipherparams["iv"]), octets(params["salt"])];
  if (sealed["cipher"] !== "aes-128-ctr") refuse();
  for (const spelling of spellings(passphrase)) {
    const derived = stretched(String(sealed["kdf"]), params, spelling, salt) ?? refuse();
    if (!sameBytes(keccak(concat([derived.subarray(16, 32), ciphertext])), mac)) continue;
    const cipher = createDecipheriv("aes-128-ctr", derived.subarray(0, 16), counterOf(iv) ?? refuse());
    return new Uint8Array(Buffer.concat([cipher.update(ciphertext), cipher.final()]));
  }
  throw new WrongPassphraseError(path);
}

/** The first counter, 16 bytes; common keystores write it as a number, without the zeros that it begins with. */
function counterOf(iv: Uint8Array): Uint8Array | undefined {
  return iv.length > 16 ? undefined : concat([new Uint8Array(16 - iv.length), iv]);
}

function stretched(kdf: string, params: Record<string, unknown>, passphrase: string, salt: Uint8Array): Uint8Array | undefined {
  const number = (name: string): number => (typeof params[name] === "number" ? params[name] : NaN);
  try {
    if (kdf === "scrypt") {
      return new Uint8Array(scryptSync(passphrase, salt, number("dklen"), { N: number("n"), r: number("r"), p: number("p"), maxmem: MOST_MEMORY }));
    }
    if (kdf === "pbkdf2" && params["prf"] === "hmac-sha256") {
      return new Uint8Array(pbkdf2Sync(passphrase, salt, number("c"), number("dklen"), "sha256"));
    }
  } catch {
    return undefined;
  }
  return undefined;
}

function derive(passphrase: string, salt: Uint8Array): Uint8Array {
  return new Uint8Array(scryptSync(passphrase.normalize("NFC"), salt, SCRYPT.dklen, { N: SCRYPT.n, r: SCRYPT.r, p: SCRYPT.p, maxmem: MOST_MEMORY }));
}

function readKeystore(path: string): Record<string, unknown> {
  const raw = readPrivate(path, KEYFILE_BYTES);
  if (raw === undefined) throw new KeyfileError(`there is no keyfile at ${path}; create one with the 'init' command`);
  let keystore: unknown;
  try {
    keystore = JSON.parse(raw.toString("utf8"));
  } catch {
    throw new MalformedKeyfileError(path, "it is not JSON");
  }
  if (!isObject(keystore) || keystore["version"] !== 3) throw new MalformedKeyfileError(path, "it is not of version 3");
  return keystore;
}

function plain(address: string): string {
  return address.toLowerCase().replace(/^0x/, "");
}
