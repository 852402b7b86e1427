import { type ReactNode, useEffect, useRef, useState } from "react";
import { Link } from "wouter";

import { ETHER, exact } from "../../shared/format/amount";
import { count } from "../../shared/format/numbers";
import { Press } from "../../shared/ui/Press";
import { Notice, saidOf } from "../../shared/ui/States";
import { Amount, Hash } from "../../shared/ui/words";
import type { Answer } from "../api";
import { connect, type Fate, fateOf, send, type Transaction, useWallets, type Wallet } from "../protocol/wallet";
import type { Draft, Guards, Unit } from "./draft";
import { type Certificate, isOnChain, missingApproval, prepare, type Prepared, type Ready, STEPS, tryOut } from "./make";
import type { Sheet } from "./table";

interface Approval {
  readonly transaction: Transaction;
  readonly amount: bigint;
}

type Stage =
  | { readonly at: "draft" }
  | { readonly at: "working"; readonly step: number }
  | { readonly at: "approve"; readonly prepared: Prepared; readonly approval: Approval; readonly wallet: Wallet; readonly asking: boolean }
  | { readonly at: "ready"; readonly prepared: Prepared; readonly ready: Ready; readonly wallet: Wallet; readonly asking: boolean }
  | { readonly at: "sent"; readonly ready: Ready; readonly hash: string; readonly fate: Fate | "unknown" | null };

/** Seal, store, try, and only then ask the wallet. Whatever goes wrong before that has sent nothing. */
export function SendCard(props: { draft: Draft; sheet: Sheet | null; own: Uint8Array | null; unit: Unit | null; guards: Guards | null; place: Answer<readonly Certificate[]> | undefined; missing: readonly string[]; onLock: (locked: boolean) => void }) {
  const wallets = useWallets();
  const [stage, setStage] = useState<Stage>({ at: "draft" });
  const [trouble, setTrouble] = useState<string | null>(null);
  const { sheet, own, place, unit, guards } = props;

  const begin = async (wallet: Wallet) => {
    if (sheet === null || own === null || place === undefined || unit === null || guards === null) return;
    setTrouble(null);
    props.onLock(true);
    setStage({ at: "working", step: 0 });
    try {
      const account = await connect(wallet, place.chain_id);
      await goOn(wallet, await prepare(props.draft, sheet, place, wallet, account, own, unit, guards, (step) => setStage({ at: "working", step })));
    } catch (error) {
      back(error);
    }
  };
  /** To the approval that is missing, or to the campaign itself. */
  const goOn = async (wallet: Wallet, prepared: Prepared) => {
    setStage({ at: "working", step: STEPS.length - 1 });
    const approval = await missingApproval(wallet, prepared);
    if (approval !== null) setStage({ at: "approve", prepared, approval, wallet, asking: false });
    else setStage({ at: "ready", prepared, ready: await tryOut(wallet, prepared), wallet, asking: false });
  };
  const approve = async (wallet: Wallet, prepared: Prepared, approval: Approval) => {
    setTrouble(null);
    setStage({ at: "approve", prepared, approval, wallet, asking: true });
    try {
      const fate = await fateOf(wallet, await send(wallet, approval.transaction));
      if (fate === "waiting") throw new Error("The approval was not seen in a block yet. It may still come; try again in a while.");
      await goOn(wallet, prepared); // what a wallet put in its place may have approved it, too
    } catch (error) {
      setTrouble(saidOf(error));
      setStage({ at: "approve", prepared, approval, wallet, asking: false });
    }
  };
  const sign = async (ready: Ready, wallet: Wallet, prepared: Prepared) => {
    setTrouble(null);
    setStage({ at: "ready", ready, wallet, prepared, asking: true });
    let hash: string;
    try {
      const sent = await send(wallet, ready.transaction);
      hash = sent.hash;
      setStage({ at: "sent", ready, hash, fate: null });
      const fate = await fateOf(wallet, sent);
      if (fate === "replaced" && !(await isOnChain(wallet, prepared))) {
        setTrouble("Your wallet put another transaction in the place of this one: it was cancelled. Nothing is in escrow; you can sign again.");
        setStage({ at: "ready", ready, wallet, prepared, asking: false });
        return;
      }
      setStage({ at: "sent", ready, hash, fate });
    } catch (error) {
      setTrouble(saidOf(error));
      setStage((now) => (now.at === "sent" ? { ...now, fate: "unknown" } : { at: "ready", ready, wallet, prepared, asking: false }));
    }
  };
  const back = (error: unknown) => {
    setTrouble(saidOf(error));
    setStage({ at: "draft" });
    props.onLock(false);
  };

  const change = () => {
    setStage({ at: "draft" });
    props.onLock(false);
  };

  const card = useRef<HTMLElement>(null);
  const { at } = stage;
  useEffect(() => {
    if (at !== "draft") card.current?.scrollIntoView({ block: "nearest" }); // what to do next is at its end
  }, [at]);

  return (
    <section className="card" aria-labelledby="send" ref={card}>
      <h2 id="send">4. Put the bounty in escrow</h2>
      {trouble !== null && <Notice kind="bad">{trouble}</Notice>}
      {stage.at === "draft" && <Wallets wallets={wallets} missing={props.missing} begin={(wallet) => void begin(wallet)} />}
      <p className="hidden" role="status">{stage.at === "working" && `${STEPS[stage.step] ?? ""} …`}</p>
      {stage.at === "working" && (
        <ol className="steps">
          {STEPS.map((name, place) => (
            <li key={name} className={place < stage.step ? "past" : place === stage.step ? "now" : "future"}>
              {name}
              {place === stage.step && " …"}
              {place < stage.step && <span className="hidden"> (done)</span>}
            </li>
          ))}
        </ol>
      )}
      {stage.at === "approve" && (
        <ApprovalSummary approval={stage.approval} unit={stage.prepared.unit} name={stage.wallet.name} asking={stage.asking} sign={() => void approve(stage.wallet, stage.prepared, stage.approval)} change={change} />
      )}
      {stage.at === "ready" && (
        <Summary ready={stage.ready} prepared={stage.prepared} name={stage.wallet.name} asking={stage.asking} sign={() => void sign(stage.ready, stage.wallet, stage.prepared)} change={change} />
      )}
      {stage.at === "sent" && (
        <>
          {stage.fate === "mined" ? (
            <Notice kind="good">Your campaign is on chain. Capsule opens it as soon as it has checked your records.</Notice>
          ) : stage.fate === "replaced" ? (
            <Notice kind="good">Your wallet sped it up: another transaction did the same, and your campaign is on chain.</Notice>
          ) : (
            <p role="status">{stage.fate === null ? "It was sent. Waiting for its block …" : "It was not seen in a block yet. It may still come: do not create it again before you have looked at its page."}</p>
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

function Wallets(props: { wallets: readonly Wallet[]; missing: readonly string[]; begin: (wallet: Wallet) => void }) {
  if (props.wallets.length === 0) {
    return (
      <p>
        This browser has no wallet. Install one; or, on your own machine, start <code>sonar-web run --account</code> and open the link that it prints; or create the campaign with{" "}
        <code>sonar campaign create</code>.
      </p>
    );
  }
  return (
    <>
      <p className="soft">First everything is sealed, stored and tried. Nothing is sent before you have seen what it costs.</p>
      <div className="row spaced">
        {props.wallets.map((wallet) => (
          <button key={wallet.id} type="button" className="first" disabled={props.missing.length > 0} onClick={() => props.begin(wallet)}>
            <span>Check with <bdi>{wallet.name}</bdi></span>
          </button>
        ))}
      </div>
      {props.missing.length > 0 && (
        <div className="spaced">
          <p>Before that, still missing:</p>
          <ul className="reasons" aria-label="Still missing">
            {props.missing.map((part) => <li key={part}>{part}</li>)}
          </ul>
        </div>
      )}
    </>
  );
}

function ApprovalSummary(props: { approval: Approval; unit: Unit; name: string; asking: boolean; sign: () => void; change: () => void }) {
  const { amount } = props.approval, { symbol, decimals } = props.unit;
  return (
    <>
      <p>
        {amount === 0n
          ? "An older approval is smaller than the bounty. Some tokens change it only by way of zero, so it is taken back first."
          : "Sealed and stored. Before the contract can take a token, you must let it: for exactly the bounty, and nothing more."}
      </p>
      <dl className="facts spaced">
        <dt>The contract may take</dt>
        <dd>{amount === 0n ? "nothing" : `${exact(amount, decimals)} ${symbol}`}</dd>
      </dl>
      <Buttons asking={props.asking} sign={props.sign} change={props.change}>
        <span>Approve in <bdi>{props.name}</bdi></span>
      </Buttons>
    </>
  );
}

function Summary(props: { ready: Ready; prepared: Prepared; name: string; asking: boolean; sign: () => void; change: () => void }) {
  const { ready } = props, { terms, unit, remarks } = props.prepared;
  const gas = <Amount wei={ready.gasCost.toString()} />; // what it will be is not known to the last digit
  return (
    <>
      <Notice kind="good">Sealed and stored. The contract would take it.</Notice>
      {remarks.map((remark) => <Notice key={remark} kind="warn">{remark}</Notice>)}
      <dl className="facts spaced">
        <dt>Into escrow</dt>
        <dd>{exact(terms.bounty, unit.decimals)} {unit.symbol}</dd>
        <dt>Gas, about</dt>
        <dd>{gas} ({count(Number(ready.gas))} units)</dd>
        <dt>Together</dt>
        <dd>{terms.asset === ETHER ? `${exact(ready.transaction.value + ready.gasCost)} ETH` : <>{exact(terms.bounty, unit.decimals)} {unit.symbol} and {gas}</>}</dd>
        <dt>From account</dt>
        <dd><Hash value={ready.transaction.from} name="your address" /></dd>
      </dl>
      <Buttons asking={props.asking} sign={props.sign} change={props.change}>
        <span>Sign in <bdi>{props.name}</bdi></span>
      </Buttons>
    </>
  );
}

function Buttons(props: { asking: boolean; sign: () => void; change: () => void; children: ReactNode }) {
  return (
    <div className="row">
      <Press className="first" busy={props.asking} onClick={props.sign}>
        {props.asking ? "Look at your wallet …" : props.children}
      </Press>
      <Press busy={props.asking} onClick={props.change}>
        Change something
      </Press>
    </div>
  );
}
