/** Wallets of the browser: announced by EIP-6963, spoken to by EIP-1193. */
import { useEffect, useState } from "react";

import { useOwnAccount } from "../account";
import { refusal } from "./sonar";

export interface Provider {
  request(asked: { method: string; params?: readonly unknown[] }): Promise<unknown>;
}

export interface Wallet {
  readonly id: string;
  readonly name: string;
  readonly provider: Provider;
  /** It sends again, pays more and knows its transactions by each of their hashes: none is replaced unnoticed. */
  readonly seesThrough?: boolean;
}

/** A transaction on its way. `nonce`: the number that it was expected to get from its account. */
export interface Sent {
  readonly hash: string;
  readonly from: string;
  readonly nonce: number;
}

/** What became of it: in a block, not seen yet, or another one of the same number is in a block. */
export type Fate = "mined" | "waiting" | "replaced";

export interface Transaction {
  readonly from: string;
  readonly to: string;
  readonly data: string;
  /** wei */
  readonly value: bigint;
}

/** Something that a wallet or the chain would not do; `message` says what and what to do next. */
export class WalletError extends Error {}

/** The wallets of this browser; they announce themselves when they are asked, and when they are ready. */
export function useWallets(): readonly Wallet[] {
  const own = useOwnAccount();
  const announcedOnes = useAnnounced();
  return own === null ? announcedOnes : [own, ...announcedOnes];
}

function useAnnounced(): readonly Wallet[] {
  const [wallets, setWallets] = useState<readonly Wallet[]>([]);
  useEffect(() => {
    const heard = (event: Event) => {
      const wallet = announced((event as CustomEvent<unknown>).detail);
      if (wallet) setWallets((before) => (before.some((one) => one.id === wallet.id) ? before : [...before, wallet]));
    };
    window.addEventListener("eip6963:announceProvider", heard);
    window.dispatchEvent(new Event("eip6963:requestProvider"));
    const old = setTimeout(() => {
      const provider = (window as { ethereum?: Provider }).ethereum;
      if (provider) setWallets((before) => (before.length > 0 ? before : [{ id: "window.ethereum", name: "The browser's wallet", provider }]));
    }, 300);
    return () => {
      window.removeEventListener("eip6963:announceProvider", heard);
      clearTimeout(old);
    };
  }, []);
  return wallets;
}

function announced(detail: unknown): Wallet | null {
  if (typeof detail !== "object" || detail === null || !("info" in detail) || !("provider" in detail)) return null;
  const { info, provider } = detail as { info: { uuid?: unknown; name?: unknown }; provider: Provider };
  if (typeof info.uuid !== "string" || typeof info.name !== "string") return null;
  return { id: info.uuid, name: info.name.slice(0, 60), provider };
}

/** The account that the wallet lends to this page, on the right chain. WalletError. */
export async function connect(wallet: Wallet, chainId: number): Promise<string> {
  const accounts = await asked(wallet, "eth_requestAccounts");
  const [account] = Array.isArray(accounts) ? (accounts as unknown[]) : [];
  if (typeof account !== "string" || !/^0x[0-9a-fA-F]{40}$/.test(account)) {
    throw new WalletError(`${wallet.name} gives no account. Unlock it and try again.`);
  }
  await requireChain(wallet, chainId);
  return account;
}

/** WalletError unless the wallet is, or moves, on that chain. */
export async function requireChain(wallet: Wallet, chainId: number): Promise<void> {
  const wanted = `0x${chainId.toString(16)}`;
  if (Number(await asked(wallet, "eth_chainId")) === chainId) return;
  await asked(wallet, "wallet_switchEthereumChain", [{ chainId: wanted }]);
  const now = Number(await asked(wallet, "eth_chainId"));
  if (now !== chainId) throw new WalletError(`${wallet.name} is on chain ${now}; Sonar is on chain ${chainId}. Switch it there and try again.`);
}

/** What the transaction would give, without sending it. WalletError with the contract's own reason. */
export async function simulate(wallet: Wallet, transaction: Transaction): Promise<string> {
  return text(await asked(wallet, "eth_call", [request(transaction), "latest"]));
}

/** What the transaction would cost at most, in wei: gas by the current price. */
export async function gasCost(wallet: Wallet, transaction: Transaction): Promise<{ gas: bigint; wei: bigint }> {
  const gas = BigInt(text(await asked(wallet, "eth_estimateGas", [request(transaction)])));
  return { gas, wei: gas * BigInt(text(await asked(wallet, "eth_gasPrice"))) };
}

/** Send it through the wallet. */
export async function send(wallet: Wallet, transaction: Transaction): Promise<Sent> {
  // Asked before: a wallet may have put another one in its place by the time that it answers.
  const nonce = wallet.seesThrough ? 0 : Number(await asked(wallet, "eth_getTransactionCount", [transaction.from, "pending"]));
  return { hash: text(await asked(wallet, "eth_sendTransaction", [request(transaction)])), from: transaction.from, nonce };
}

/** Wait until it is decided. WalletError if it was mined and failed. */
export async function fateOf(wallet: Wallet, sent: Sent, seconds = 180): Promise<Fate> {
  for (const until = Date.now() + seconds * 1000; Date.now() < until; await new Promise((go) => setTimeout(go, 1000))) {
    if (await isMined(wallet, sent.hash)) return "mined";
    if (wallet.seesThrough) continue;
    const nonce = nonceOf(await asked(wallet, "eth_getTransactionByHash", [sent.hash])) ?? sent.nonce;
    if (Number(await asked(wallet, "eth_getTransactionCount", [sent.from, "latest"])) <= nonce) continue;
    // Its number is used. Asked once more: it may have been mined between the two questions.
    return (await isMined(wallet, sent.hash)) ? "mined" : "replaced";
  }
  return "waiting";
}

async function isMined(wallet: Wallet, hash: string): Promise<boolean> {
  const receipt = await asked(wallet, "eth_getTransactionReceipt", [hash]);
  if (typeof receipt !== "object" || receipt === null || !("status" in receipt)) return false;
  if (Number(receipt.status) === 1) return true;
  throw new WalletError("The transaction was mined and failed: somebody was quicker, or it ran out of gas. Nothing but its gas was spent.");
}

function nonceOf(transaction: unknown): number | null {
  return typeof transaction === "object" && transaction !== null && "nonce" in transaction ? Number(transaction.nonce) : null;
}

async function asked(wallet: Wallet, method: string, params: readonly unknown[] = []): Promise<unknown> {
  try {
    return await wallet.provider.request({ method, params });
  } catch (error) {
    throw new WalletError(said(wallet, error));
  }
}

function said(wallet: Wallet, error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : null;
  if (code === 4001) return `You declined in ${wallet.name}. Nothing was sent.`;
  if (code === 4902) return `${wallet.name} does not know this chain. Add it there and try again.`;
  const reason = refusal(error);
  if (reason !== null) return `The contract refuses it: "${reason}". Nothing was sent.`;
  const words = error instanceof Error ? error.message : "";
  if (/insufficient funds/i.test(words)) return "The account has too little ether for this and its gas. Nothing was sent.";
  return `${wallet.name} answers: ${words.slice(0, 200) || "an error without words"}`;
}

function request(transaction: Transaction): Record<string, string> {
  return { from: transaction.from, to: transaction.to, data: transaction.data, value: `0x${transaction.value.toString(16)}` };
}

function text(answer: unknown): string {
  if (typeof answer !== "string") throw new WalletError("The wallet's answer cannot be read.");
  return answer;
}
