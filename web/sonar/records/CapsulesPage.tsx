import { Link } from "wouter";

import { count, percent, plural } from "../../shared/format/numbers";
import { duration } from "../../shared/format/time";
import { PageHead } from "../../shared/ui/Shell";
import { Failure, Loading } from "../../shared/ui/States";
import { Table } from "../../shared/ui/Table";
import { Amount, Bar, Foreign, Hash, useNow, When } from "../../shared/ui/words";
import { type Campaign, type Capsule, useAnswer } from "../api";
import { StateBadge, VERDICTS } from "../campaigns/state";
import { Downloads, Listing } from "./Listing";

const KINDS = ["improved", "no_gain", "malformed", "unavailable"] as const;

/** Capsules by record. */
export function CapsulesPage() {
  return (
    <>
      <PageHead title="Capsules" windowTitle="Capsules – Sonar" lead="A Capsule keeps a campaign's keys and judges its submissions. Look at its record before you trust it with yours.">
        <Downloads table="capsules" what="the Capsules" />
      </PageHead>
      <Listing<Capsule>
        path="/capsules"
        what="the Capsules"
        caption="Capsules and their records"
        id={(capsule) => capsule.address}
        empty={{ title: "No Capsule has been asked yet", text: "Capsules appear here with the first campaign that names them." }}
        columns={[
          { name: "Capsule", show: (one) => <Hash value={one.address} name="Capsule's address" link={(shown) => <Link href={`/capsules/${one.address}`}>{shown}</Link>} /> },
          { name: "Campaigns", right: true, show: (one) => count(one.campaigns) },
          { name: "Declined", right: true, show: (one) => count(one.declined) },
          { name: "Delivered", right: true, show: (one) => count(one.delivered) },
          { name: "Verdicts", right: true, show: (one) => count(verdicts(one)) },
          { name: "Time to open", right: true, show: (one) => mean(one.mean_opening_seconds) },
          { name: "Time to a verdict", right: true, show: (one) => mean(one.mean_verdict_seconds) },
          { name: "Hours unavailable", right: true, show: (one) => count(Math.round(one.unavailable_hours)) },
        ]}
      />
    </>
  );
}

/** One Capsule's record. */
export function CapsulePage(props: { params: { address: string } }) {
  const { address } = props.params;
  const asked = useAnswer<Capsule>(`/capsules/${encodeURIComponent(address)}`);
  return (
    <>
      <p className="crumbs small">
        <Link href="/capsules">Capsules</Link>
      </p>
      <PageHead title={`Capsule ${address.slice(0, 8)}…${address.slice(-6)}`} windowTitle="Capsule – Sonar" lead={<code className="whole">{address.slice(0, 66)}</code>} />
      {asked.data === undefined ? (
        <div className="card">{asked.error ? <Failure error={asked.error} what="this Capsule" again={() => void asked.mutate()} /> : <Loading what="the Capsule's record" />}</div>
      ) : (
        <Record capsule={asked.data.data} />
      )}
    </>
  );
}

function Record(props: { capsule: Capsule }) {
  const { capsule } = props;
  const all = verdicts(capsule);
  const now = useNow();
  return (
    <>
      <dl className="tiles">
        <div className="tile"><dt>Campaigns</dt><dd>{count(capsule.campaigns)}<span className="under">{count(capsule.opened)} opened, {count(capsule.declined)} declined</span></dd></div>
        <div className="tile"><dt>Delivered</dt><dd>{count(capsule.delivered)}<span className="under">results to their scientists</span></dd></div>
        <div className="tile"><dt>Time to open</dt><dd>{mean(capsule.mean_opening_seconds)}<span className="under">on average</span></dd></div>
        <div className="tile"><dt>Time to a verdict</dt><dd>{mean(capsule.mean_verdict_seconds)}<span className="under">on average</span></dd></div>
        <div className="tile"><dt>Unavailable</dt><dd>{duration(capsule.unavailable_seconds)}<span className="under">in which work waited, beyond an hour each</span></dd></div>
      </dl>
      <section className="card" aria-labelledby="verdicts">
        <h2 id="verdicts">Verdicts</h2>
        {all === 0 ? (
          <p className="soft">It has judged nothing yet.</p>
        ) : (
          <Table
            caption={`${plural(all, "verdict")} by kind`}
            columns={[
              { name: "Kind", show: (kind) => VERDICTS[kind].word },
              { name: "Number", right: true, show: (kind) => count(capsule[kind]) },
              { name: "Share", show: (kind) => <>{tenths(capsule[kind] / all)}<Bar share={capsule[kind] / all} /></> },
            ]}
            rows={KINDS}
            id={(kind) => kind}
          />
        )}
      </section>
      <div className="section">
        <h2>Its campaigns</h2>
        <Listing<Campaign>
          path={`/campaigns?capsule=${capsule.address}`}
          what="its campaigns"
          caption="Campaigns of this Capsule"
          id={(campaign) => campaign.id}
          empty={{ title: "No campaign", text: "None names this Capsule." }}
          columns={[
            { name: "Campaign", show: (one) => <Link href={`/campaigns/${one.id}`}>{one.title === null ? <code>{one.id.slice(0, 12)}…</code> : <Foreign text={one.title} most={80} />}</Link> },
            { name: "State", show: (one) => <StateBadge campaign={one} now={now} /> },
            { name: "Created", show: (one) => <When at={one.created_at} /> },
            { name: "Bounty", right: true, show: (one) => <Amount wei={one.terms.bounty} asset={one.asset} /> },
          ]}
        />
      </div>
    </>
  );
}

function verdicts(capsule: Capsule): number {
  return KINDS.reduce((sum, kind) => sum + capsule[kind], 0);
}

function tenths(part: number): string {
  return percent(Math.round(part * 1000) * 1000);
}

function mean(seconds: number | null): string {
  return seconds === null ? "–" : duration(seconds);
}
