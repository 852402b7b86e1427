import { useState } from "react";
import { decodeFunctionResult, encodeFunctionData } from "viem/utils";
import type { Hex } from "viem";

import { Press } from "../../shared/ui/Press";
import { Notice, saidOf } from "../../shared/ui/States";
import { Amount, useNow } from "../../shared/ui/words";
import type { Answer, Campaign } from "../api";
import { cancel, claim, settle, SONAR } from "../protocol/sonar";
import { connect, fateOf, send, simulate, type Transaction, useWallets, type Wallet } from "../protocol/wallet";

const REPLACED = "Your wallet put another transaction in the place of this one, and nothing was done. You can do it again.";

/** What a party can do about money with a wallet: settle, take back, claim. Each is tried before it is sent. */
export function ClaimCard(props: { answer: Answer<Campaign> }) {
  const { answer } = props;
  const campaign = answer.data;
  const wallets = useWallets();
  const now = useNow();
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<{ kind: "good" | "bad" | "warn"; text: string } | null>(null);
  const [owed, setOwed] = useState<{ amount: string; claimed: boolean } | null>(null);
  const id = campaign.id as Hex;
  const over = campaign.state === "settled" || campaign.state === "cancelled" || campaign.state === "declined";
  const canSettle = campaign.state === "open" && (campaign.result !== null || now >= campaign.terms.review_until);

  const act = async (wallet: Wallet, what: "claim" | "settle" | "cancel") => {
    setBusy(true);
    setSaid(null);
    try {
      const account = (await connect(wallet, answer.chain_id)) as Hex;
      const call = (data: Hex): Transaction => ({ from: account, to: answer.contract, data, value: 0n });
      if (what === "claim") {
        const asked = await simulate(wallet, call(encodeFunctionData({ abi: SONAR, functionName: "claimable", args: [id, account] })));
        const amount = decodeFunctionResult({ abi: SONAR, functionName: "claimable", data: asked as Hex });
        setOwed({ amount: amount.toString(), claimed: false });
        if (amount === 0n) {
          setSaid({ kind: "warn", text: "Nothing of this campaign can be claimed by this account now." });
          return;
        }
      }
      const transaction = call(what === "claim" ? claim(id, account) : what === "settle" ? settle(id) : cancel(id));
      await simulate(wallet, transaction);
      const sent = await send(wallet, transaction);
      setSaid({ kind: "warn", text: "Sent. Waiting for its block …" });
      const fate = await fateOf(wallet, sent);
      if (fate === "mined" && what === "claim") setOwed((now) => now && { ...now, claimed: true });
      if (fate === "mined") setSaid({ kind: "good", text: "Done: it is on chain." });
      else if (fate === "waiting") setSaid({ kind: "warn", text: `Not seen in a block yet; it may still come: ${sent.hash}` });
      else setSaid((await wouldGo(wallet, transaction)) ? { kind: "warn", text: REPLACED } : { kind: "good", text: "Done: the faster transaction of your wallet is on chain." });
    } catch (error) {
      setSaid({ kind: "bad", text: saidOf(error) });
    } finally {
      setBusy(false);
    }
  };

  return (
    <section className="card" aria-labelledby="claim">
      <h2 id="claim">Money</h2>
      {said !== null && <Notice kind={said.kind}>{said.text}</Notice>}
      {owed !== null && owed.amount !== "0" && <p>{owed.claimed ? "This account was paid" : "This account can claim"} <Amount wei={owed.amount} asset={campaign.asset} whole />.</p>}
      <p className="soft">
        {over ? "It is settled: everybody can claim what is theirs." : canSettle ? "It can be settled now; after that everybody can claim what is theirs." : "Stakes of judged submissions can be claimed now, the rest when it is settled."}
      </p>
      {wallets.length === 0 && <p className="hint">This browser has no wallet; <code>sonar campaign claim</code> does the same.</p>}
      <div className="row spaced">
        {wallets.map((wallet) => (
          <span key={wallet.id} className="row">
            <Press className="first" busy={busy} onClick={() => void act(wallet, "claim")}>
              <span>Claim with <bdi>{wallet.name}</bdi></span>
            </Press>
            {canSettle && (
              <Press busy={busy} onClick={() => void act(wallet, "settle")}>
                <span>Settle with <bdi>{wallet.name}</bdi></span>
              </Press>
            )}
            {campaign.state === "requested" && (
              <Press busy={busy} onClick={() => void act(wallet, "cancel")}>
                <span>Cancel with <bdi>{wallet.name}</bdi></span>
              </Press>
            )}
          </span>
        ))}
      </div>
    </section>
  );
}

/** Whether the contract would still take it: what is done once cannot be done again. */
async function wouldGo(wallet: Wallet, transaction: Transaction): Promise<boolean> {
  try {
    await simulate(wallet, transaction);
    return true;
  } catch {
    return false;
  }
}
