import { useContext } from "react";

import { ETHER } from "../../shared/format/amount";
import { count } from "../../shared/format/numbers";
import { BarChart } from "../../shared/charts/BarChart";
import { PageHead } from "../../shared/ui/Shell";
import { Amount, Units } from "../../shared/ui/words";
import type { Day, GasDay } from "../api";
import { Downloads, Listing } from "./Listing";

/** Totals per day. */
export function DaysPage() {
  return (
    <>
      <PageHead title="Statistics" windowTitle="Statistics – Sonar" lead="What happened on each day, by UTC. Every number can be worked out again from the contract's logs.">
        <Downloads table="days" what="the days" />
      </PageHead>
      <Listing<Day>
        path="/days"
        what="the statistics"
        caption="Totals per day and currency"
        id={(day) => `${day.day} ${day.asset}`}
        empty={{ title: "Nothing has happened yet", text: "Days appear here with the first campaign." }}
        above={(days) => <Charts days={days} />}
        columns={[
          { name: "Day", show: (day) => <span className="number">{shown(day.day)}</span> },
          { name: "In", show: (day) => <Currency asset={day.asset} /> },
          { name: "New campaigns", right: true, show: (day) => count(day.campaigns) },
          { name: "Submissions", right: true, show: (day) => count(day.submissions) },
          { name: "Verdicts", right: true, show: (day) => count(day.verdicts) },
          { name: "Paid gains", right: true, show: (day) => count(day.gains) },
          { name: "Put in escrow", right: true, show: (day) => <Amount wei={day.bounties} asset={day.asset} /> },
          { name: "Paid", right: true, show: (day) => <Amount wei={day.paid} asset={day.asset} /> },
        ]}
      />
      <div className="section">
        <div className="row">
          <h2>Gas</h2>
          <Downloads table="gas" what="the gas" />
        </div>
        <Listing<GasDay>
          path="/gas"
          what="the gas"
          caption="Gas per day and kind of call, from the transactions' receipts"
          id={(row) => `${row.day} ${row.call}`}
          empty={{ title: "No receipt is read yet", text: "Gas appears here a moment after the first transaction." }}
          columns={[
            { name: "Day", show: (row) => <span className="number">{shown(row.day)}</span> },
            { name: "Call", show: (row) => CALLS[row.call] ?? row.call },
            { name: "Transactions", right: true, show: (row) => count(row.transactions) },
            { name: "Gas, mean", right: true, show: (row) => count(Math.round(row.mean)) },
            { name: "Least", right: true, show: (row) => count(row.least) },
            { name: "Most", right: true, show: (row) => count(row.most) },
            { name: "Paid for gas", right: true, show: (row) => <Amount wei={row.cost} /> },
          ]}
        />
      </div>
    </>
  );
}

const CALLS: Record<string, string> = {
  register: "Register a Capsule", create: "Create a campaign", cancel: "Cancel", decline: "Decline", open: "Open a campaign", submit: "Submit",
  report: "Report verdicts", reclaim: "Reclaim", deliver: "Deliver", settle: "Settle", claim: "Claim",
};

function Currency(props: { asset: string }) {
  const units = useContext(Units);
  return <bdi>{props.asset === ETHER ? "Ether" : (units.get(props.asset)?.symbol ?? `${props.asset.slice(0, 8)}…`)}</bdi>;
}

function Charts(props: { days: readonly Day[] }) {
  const totals = new Map<string, { submissions: number; gains: number }>();
  for (const day of [...props.days].reverse()) {
    const before = totals.get(day.day) ?? { submissions: 0, gains: 0 };
    totals.set(day.day, { submissions: before.submissions + day.submissions, gains: before.gains + day.gains });
  }
  const days = [...totals.entries()].slice(-30);
  return (
    <div className="charts">
      <section className="card">
        <h2>Submissions a day</h2>
        <BarChart title="Submissions a day; the table below has the numbers" bars={days.map(([day, total]) => ({ name: shown(day), value: total.submissions }))} />
      </section>
      <section className="card">
        <h2>Paid gains a day</h2>
        <BarChart title="Paid gains a day; the table below has the numbers" bars={days.map(([day, total]) => ({ name: shown(day), value: total.gains }))} />
      </section>
    </div>
  );
}

function shown(day: string): string {
  return new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric", timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
}
