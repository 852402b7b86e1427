import type { ReactNode } from "react";
import { Link } from "wouter";

import { Amount, Hash } from "../../shared/ui/words";
import { API, type Campaign } from "../api";
import type { Spec } from "./spec";

/** Where the bounty is, to the last wei. */
export function Money(props: { campaign: Campaign }) {
  const { campaign } = props;
  const { asset } = campaign;
  const left = BigInt(campaign.terms.bounty) - BigInt(campaign.paid);
  return (
    <section className="card" aria-labelledby="money">
      <h2 id="money">Money</h2>
      <dl className="facts">
        <dt>Bounty</dt>
        <dd><Amount wei={campaign.terms.bounty} asset={asset} whole /></dd>
        <dt>Paid to miners</dt>
        <dd><Amount wei={campaign.paid} asset={asset} whole /></dd>
        {campaign.refund === null ? (
          <>
            <dt>Still in escrow</dt>
            <dd><Amount wei={left.toString()} asset={asset} whole /></dd>
          </>
        ) : (
          <>
            <dt>Back to the scientist</dt>
            <dd><Amount wei={campaign.refund} asset={asset} whole /></dd>
            <dt>Fees to Capsule</dt>
            <dd><Amount wei={campaign.fees ?? "0"} asset={asset} whole /></dd>
            <dt>Burned stakes</dt>
            <dd><Amount wei={campaign.burned ?? "0"} asset={asset} whole /></dd>
          </>
        )}
      </dl>
    </section>
  );
}

export function Parties(props: { campaign: Campaign }) {
  const { campaign } = props;
  return (
    <section className="card" aria-labelledby="parties">
      <h2 id="parties">Who</h2>
      <dl className="facts">
        <dt>Data Scientist</dt>
        <dd><Hash value={campaign.owner} name="scientist's address" /></dd>
        <dt>Capsule</dt>
        <dd><Hash value={campaign.capsule} name="Capsule's address" link={(shown) => <Link href={`/capsules/${campaign.capsule}`}>{shown}</Link>} /></dd>
        <dt>Campaign</dt>
        <dd><Hash value={campaign.id} name="campaign's id" /></dd>
      </dl>
    </section>
  );
}

/** What the campaign names on IPFS. */
export function Artifacts(props: { campaign: Campaign; spec: Spec | undefined }) {
  const { campaign, spec } = props;
  const rows: [string, string | null | undefined][] = [
    ["Spec", campaign.spec],
    ["Sealed validation set", spec?.sealed],
    ["Public key", campaign.public_key],
    [`Model, version ${campaign.version}`, campaign.model],
    ["Result, sealed", campaign.result],
  ];
  return (
    <section className="card" aria-labelledby="artifacts">
      <h2 id="artifacts">Artifacts</h2>
      <dl className="facts">
        {rows.map(([name, cid]) => cid && <Artifact key={name} name={name} cid={cid} />)}
      </dl>
      <p className="hint">Names on IPFS. Each is the digest of its content, so nobody can change one.</p>
    </section>
  );
}

function Artifact(props: { name: string; cid: string }): ReactNode {
  return (
    <>
      <dt>{props.name}</dt>
      <dd>
        <Hash value={props.cid} name={`CID of ${props.name}`} link={(shown) => <a href={`${API}/artifacts/${props.cid}`} download={props.cid}>{shown}</a>} />
      </dd>
    </>
  );
}
