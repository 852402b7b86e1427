import { useState } from "react";
import { Link } from "wouter";

import { ETHER, exact, short } from "../../shared/format/amount";
import { count } from "../../shared/format/numbers";
import { moment } from "../../shared/format/time";
import { type Line, LineChart, type Point } from "../../shared/charts/LineChart";
import { PageHead } from "../../shared/ui/Shell";
import { Empty } from "../../shared/ui/States";
import { Table } from "../../shared/ui/Table";
import { Amount, Badge, unitOf, When } from "../../shared/ui/words";
import { type Earning, type Payment, shortId, useMine } from "../api";
import { Loaded } from "../Loaded";

const AGAIN_EVERY = 15_000;
const NEWEST = 200;
const WORDS: Record<string, string> = { payout: "Payout", fee: "Fee to Capsule", stake: "Stake burned", gas: "Gas" };

/** What came in and what was spent, over time and by campaign. */
export function EarningsPage() {
  const payments = useMine<readonly Payment[]>("/api/payments", AGAIN_EVERY);
  const earnings = useMine<readonly Earning[]>("/api/earnings", AGAIN_EVERY);
  return (
    <>
      <PageHead title="Earnings" windowTitle="Earnings – Mine" lead="Every payout, fee, burned stake and transaction, from the chain and exact to the wei. A payout counts once its verdict is there." />
      <Loaded asked={payments} what="your earnings">
        {(rows) =>
          rows.length === 0 ? (
            <div className="card"><Empty title="Nothing was earned or spent yet"><p>Amounts appear here with the first verdict.</p></Empty></div>
          ) : (
            <>
              {[...new Set(rows.map((row) => row.asset))].map((asset) => <Asset key={asset} asset={asset} rows={rows.filter((row) => row.asset === asset)} />)}
              <Loaded asked={earnings} what="your campaigns">{(campaigns) => <ByCampaign rows={campaigns} />}</Loaded>
            </>
          )
        }
      </Loaded>
    </>
  );
}

function Asset(props: { asset: string; rows: readonly Payment[] }) {
  const { asset, rows } = props;
  const sum = (fits: (row: Payment) => boolean) => rows.filter(fits).reduce((total, row) => total + BigInt(row.amount), 0n);
  const earned = sum((row) => !row.amount.startsWith("-")), gas = -sum((row) => row.what === "gas");
  const spent = earned - sum(() => true);
  const { symbol: unit, decimals } = unitOf(asset, rows[0]);
  const [all, setAll] = useState(false);
  const shown = (all ? rows : rows.slice(-NEWEST)).map((row, place) => ({ ...row, place })).reverse();
  return (
    <>
      <dl className="tiles">
        <div className="tile"><dt>Earned</dt><dd><Amount wei={String(earned)} asset={asset} of={rows[0]} /></dd></div>
        <div className="tile"><dt>Spent</dt><dd><Amount wei={String(spent)} asset={asset} of={rows[0]} />{asset === ETHER && <span className="under">of which gas <Amount wei={String(gas)} /></span>}</dd></div>
        <div className="tile"><dt>Net</dt><dd><Amount wei={String(earned - spent)} asset={asset} of={rows[0]} /></dd></div>
      </dl>
      <section className="card" aria-label={asset === ETHER ? "Ether over time" : `Tokens ${shortId(asset)} over time`}>
        <h2>{asset === ETHER ? "Ether over time" : `Tokens ${shortId(asset)} over time`}</h2>
        <LineChart
          title={`Running total in ${unit}, and what was spent on gas`}
          description={`${rows.length} payments come to ${exact(earned - spent, decimals)} ${unit}: ${exact(earned, decimals)} earned, ${exact(spent, decimals)} spent. The table below has every one of them.`}
          lines={lines(rows, unit, decimals)}
          show={(value) => `${Number(value.toPrecision(3))} ${unit}`}
        />
        <div className="spaced">
          <Table<Payment & { place: number }>
            caption={shown.length < rows.length ? `The newest ${shown.length} of ${rows.length} payments` : "Every payment, the newest first"}
            id={(row) => row.place}
            rows={shown}
            columns={[
              { name: "Time", show: (row) => (row.time === null ? `block ${row.block}` : <When at={row.time} compact />) },
              { name: "Campaign", show: (row) => (row.campaign === null ? "–" : <code>{shortId(row.campaign)}</code>) },
              { name: "What", show: (row) => WORDS[row.what] ?? row.what },
              { name: "Amount", right: true, show: (row) => <Amount wei={row.amount} asset={asset} of={row} whole /> },
              { name: "Total", right: true, show: (row) => <Amount wei={row.total} asset={asset} of={row} whole /> },
            ]}
          />
          {shown.length < rows.length && <button type="button" onClick={() => setAll(true)}>Show all {count(rows.length)} payments</button>}
        </div>
      </section>
    </>
  );
}

/** The running total, and gas that was spent, with a point for each payment. Heights are approximate, labels are exact. */
function lines(rows: readonly Payment[], unit: string, decimals: number): Line[] {
  const total: Point[] = [], gas: Point[] = [];
  let burnt = 0n;
  for (const row of rows) {
    const at = row.time ?? row.block;
    const when = row.time === null ? `block ${row.block}` : moment(row.time);
    total.push({ at, value: Number(row.total) / 10 ** decimals, label: `${WORDS[row.what] ?? row.what} ${short(row.amount, decimals)}, total ${short(row.total, decimals)} ${unit}, ${when}` });
    if (row.what === "gas") {
      burnt -= BigInt(row.amount);
      gas.push({ at, value: Number(burnt) / 10 ** decimals, label: `Gas so far ${short(burnt, decimals)} ${unit}, ${when}` });
    }
  }
  return [{ name: "Running total", points: total }, ...(gas.length === 0 ? [] : [{ name: "Gas spent", points: gas, second: true }])];
}

function ByCampaign(props: { rows: readonly Earning[] }) {
  return (
    <section className="card" aria-labelledby="by-campaign">
      <h2 id="by-campaign">By campaign</h2>
      <Table<Earning>
        caption="What each campaign brought in and cost"
        hideCaption
        id={(row) => row.campaign}
        rows={props.rows}
        columns={[
          { name: "Campaign", show: (row) => <Link href={`/log?campaign=${row.campaign}`}><code>{shortId(row.campaign)}</code></Link> },
          { name: "State", show: (row) => <Badge tone={row.state === "OPEN" ? "live" : "plain"}>{row.state.toLowerCase()}</Badge> },
          { name: "Submissions", show: (row) => row.outcomes },
          { name: "Promised", right: true, show: (row) => <Amount wei={row.promised} asset={row.asset} of={row} /> },
          { name: "Claimable", right: true, show: (row) => <Amount wei={row.claimable} asset={row.asset} of={row} /> },
          { name: "Claimed", right: true, show: (row) => <Amount wei={row.claimed} asset={row.asset} of={row} /> },
          { name: "Staked", right: true, show: (row) => <Amount wei={row.staked} asset={row.asset} of={row} /> },
          { name: "Gas", right: true, show: (row) => <Amount wei={row.gas} /> },
          { name: "Net", right: true, show: (row) => <Amount wei={row.net} asset={row.asset} of={row} /> },
        ]}
      />
    </section>
  );
}
