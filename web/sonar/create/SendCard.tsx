import { useState } from "react";
import { Link } from "wouter";

import { exact } from "../../shared/format/amount";
import { Notice, saidOf } from "../../shared/ui/States";
import { Amount, Hash } from "../../shared/ui/words";
import type { Answer } from "../api";
import { connect, mined, send, useWallets, type Wallet } from "../protocol/wallet";
import type { Draft } from "./draft";
import { type Certificate, prepare, type Ready, STEPS } from "./make";
import type { Sheet } from "./table";

type Stage =
  | { readonly at: "draft" }
  | { readonly at: "working"; readonly step: number }
  | { readonly at: "ready"; readonly ready: Ready; readonly wallet: Wallet }
  | { readonly at: "asking"; readonly ready: Ready; readonly wallet: Wallet }
  | { readonly at: "sent"; readonly ready: Ready; readonly hash: string; readonly mined: boolean | null };

/** Seal, store, try, and only then ask the wallet. Whatever goes wrong before that has sent nothing. */
export function SendCard(props: { draft: Draft; sheet: Sheet | null; own: Uint8Array | null; place: Answer<readonly Certificate[]> | undefined; complete: boolean; onLock: (locked: boolean) => void }) {
  const wallets = useWallets();
  const [stage, setStage] = useState<Stage>({ at: "draft" });
  const [trouble, setTrouble] = useState<string | null>(null);
  const { sheet, own, place } = props;

  const begin = async (wallet: Wallet) => {
    if (sheet === null || own === null || place === undefined) return;
    setTrouble(null);
    props.onLock(true);
    setStage({ at: "working", step: 0 });
    try {
      const account = await connect(wallet, place.chain_id);
      const ready = await prepare(props.draft, sheet, place, wallet, account, own, (step) => setStage({ at: "working", step }));
      setStage({ at: "ready", ready, wallet });
    } catch (error) {
      back(error);
    }
  };
  const sign = async (ready: Ready, wallet: Wallet) => {
    setTrouble(null);
    setStage({ at: "asking", ready, wallet });
    let hash: string;
    try {
      hash = await send(wallet, ready.transaction);
    } catch (error) {
      setTrouble(saidOf(error));
      setStage({ at: "ready", ready, wallet });
      return;
    }
    setStage({ at: "sent", ready, hash, mined: null });
    try {
      const seen = await mined(wallet, hash);
      setStage({ at: "sent", ready, hash, mined: seen });
    } catch (error) {
      setTrouble(saidOf(error));
      setStage({ at: "sent", ready, hash, mined: false });
    }
  };
  const back = (error: unknown) => {
    setTrouble(saidOf(error));
    setStage({ at: "draft" });
    props.onLock(false);
  };

  return (
    <section className="card" aria-labelledby="send">
      <h2 id="send">4. Put the bounty in escrow</h2>
      {trouble !== null && <Notice kind="bad">{trouble}</Notice>}
      {stage.at === "draft" && <Wallets wallets={wallets} complete={props.complete && own !== null} begin={(wallet) => void begin(wallet)} />}
      {stage.at === "working" && (
        <ol className="steps" aria-live="polite">
          {STEPS.map((name, place) => (
            <li key={name} className={place < stage.step ? "past" : place === stage.step ? "now" : "future"}>
              {name}
              {place === stage.step && " …"}
              {place < stage.step && <span className="hidden"> (done)</span>}
            </li>
          ))}
        </ol>
      )}
      {(stage.at === "ready" || stage.at === "asking") && (
        <Summary ready={stage.ready} name={stage.wallet.name} asking={stage.at === "asking"} sign={() => void sign(stage.ready, stage.wallet)} change={() => { setStage({ at: "draft" }); props.onLock(false); }} />
      )}
      {stage.at === "sent" && (
        <>
          {stage.mined === true ? (
            <Notice kind="good">Your campaign is on chain. Capsule opens it as soon as it has checked your records.</Notice>
          ) : (
            <p role="status">{stage.mined === null ? "It was sent. Waiting for its block …" : "It was not seen in a block yet. It may still come: do not create it again before you have looked at its page."}</p>
          )}
          <dl className="facts spaced">
            <dt>Transaction</dt>
            <dd><Hash value={stage.hash} name="transaction's hash" /></dd>
            <dt>Campaign</dt>
            <dd><Hash value={stage.ready.id} name="campaign's id" /></dd>
          </dl>
          <Link className="button first" href={`/campaigns/${stage.ready.id}`}>
            Go to its page
          </Link>
        </>
      )}
    </section>
  );
}

function Wallets(props: { wallets: readonly Wallet[]; complete: boolean; begin: (wallet: Wallet) => void }) {
  if (props.wallets.length === 0) {
    return <p>This browser has no wallet. Install one, or create the campaign with <code>sonar campaign create</code> on your own machine.</p>;
  }
  return (
    <>
      <p className="soft">First everything is sealed, stored and tried. Nothing is sent before you have seen what it costs.</p>
      <div className="row spaced">
        {props.wallets.map((wallet) => (
          <button key={wallet.id} type="button" className="first" disabled={!props.complete} onClick={() => props.begin(wallet)}>
            Check with <bdi>{wallet.name}</bdi>
          </button>
        ))}
      </div>
      {!props.complete && <p className="hint">Some parts above are still missing.</p>}
    </>
  );
}

function Summary(props: { ready: Ready; name: string; asking: boolean; sign: () => void; change: () => void }) {
  const { ready } = props;
  const whole = ready.transaction.value + ready.gasCost;
  return (
    <>
      <Notice kind="good">Sealed and stored. The contract would take it.</Notice>
      <dl className="facts spaced">
        <dt>Into escrow</dt>
        <dd><Amount wei={ready.transaction.value.toString()} whole /></dd>
        <dt>Gas, about</dt>
        <dd>{exact(ready.gasCost)} ETH ({ready.gas.toString()} units)</dd>
        <dt>Together</dt>
        <dd>{exact(whole)} ETH</dd>
        <dt>From account</dt>
        <dd><Hash value={ready.transaction.from} name="your address" /></dd>
      </dl>
      <div className="row">
        <button type="button" className="first" disabled={props.asking} onClick={props.sign}>
          {props.asking ? "Look at your wallet …" : <>Sign in <bdi>{props.name}</bdi></>}
        </button>
        <button type="button" disabled={props.asking} onClick={props.change}>
          Change something
        </button>
      </div>
    </>
  );
}
