import { useState } from "react";

import { count } from "../../shared/format/numbers";
import { moment } from "../../shared/format/time";
import { BarChart } from "../../shared/charts/BarChart";
import { LineChart } from "../../shared/charts/LineChart";
import { PageHead } from "../../shared/ui/Shell";
import { Empty, Notice } from "../../shared/ui/States";
import { Table } from "../../shared/ui/Table";
import { Bar, Foreign, When } from "../../shared/ui/words";
import { type Ledger, type LedgerEntry, shortId, useMine } from "../api";
import { Loaded } from "../Loaded";

const AGAIN_EVERY = 15_000;
const NEWEST = 200;
const WORDS: Record<string, string> = {
  opened: "The ledger begins",
  charged: "Charged, before noise is drawn",
  released: "Released: the noised sums",
  submitted: "Submitted: a gradient made of them",
  unprotected: "Submitted without noise",
};

/** What was given away of the records' privacy: the budget over time, and what each release cost. */
export function LedgerPage() {
  const asked = useMine<Ledger>("/api/ledger", AGAIN_EVERY);
  return (
    <>
      <PageHead title="Privacy" windowTitle="Privacy – Mine" lead="What your mine has given away of single records, over all campaigns and data sets, for good. A release is charged once; every gradient made of it is free." />
      <Loaded asked={asked} what="the privacy ledger">{(ledger) => <Found ledger={ledger} />}</Loaded>
    </>
  );
}

function Found(props: { ledger: Ledger }) {
  const { ledger } = props;
  const [all, setAll] = useState(false);
  const charged = ledger.entries.filter((entry) => entry.epsilon !== null);
  const budget = ledger.budget_epsilon;
  return (
    <>
      {ledger.unprotected_gradients > 0 && <Notice kind="warn">{count(ledger.unprotected_gradients)} gradients left without noise: nothing bounds what they tell.</Notice>}
      <dl className="tiles">
        <div className="tile">
          <dt>Spent</dt>
          <dd>
            epsilon {digits(ledger.spent_epsilon)}
            <span className="under">{budget === null ? "your rules ask for no noise now" : `of ${digits(budget)}, at delta ${ledger.delta}`}</span>
            {budget !== null && <Bar share={Math.min(1, ledger.spent_epsilon / budget)} />}
          </dd>
        </div>
        <div className="tile">
          <dt>Releases left</dt>
          <dd>{ledger.releases_left === null ? "–" : count(ledger.releases_left)}{ledger.price_epsilon !== null && <span className="under">at epsilon {digits(ledger.price_epsilon)} each</span>}</dd>
        </div>
        <div className="tile">
          <dt>Entries</dt>
          <dd>{count(ledger.entries.length)}<span className="under">for {ledger.neighbours}</span></dd>
        </div>
      </dl>
      {charged.length === 0 ? (
        <div className="card"><Empty title="Nothing was released yet"><p>The picture begins with the first release.</p></Empty></div>
      ) : (
        <div className="charts">
          <section className="card">
            <h2>Spent over time</h2>
            <LineChart
              title={`Epsilon spent: ${digits(ledger.spent_epsilon)}${budget === null ? "" : ` of ${digits(budget)}`}`}
              description={`${charged.length} charges; the table below has each of them.`}
              lines={[{ name: "Spent", points: charged.map((entry) => ({ at: entry.time, value: entry.total_epsilon, label: `${digits(entry.total_epsilon)} after entry ${entry.number}, ${moment(entry.time)}` })) }]}
              show={digits}
              {...(budget === null ? {} : { limit: { value: budget, name: `Budget ${digits(budget)}` } })}
            />
          </section>
          <section className="card">
            <h2>What each release cost</h2>
            <BarChart title="Epsilon of each release; the table below has the numbers" bars={charged.slice(-24).map((entry) => ({ name: `Entry ${entry.number}`, value: Number(digits(entry.epsilon ?? 0)) }))} />
          </section>
        </div>
      )}
      <section className="card" aria-labelledby="entries">
        <h2 id="entries">Ledger</h2>
        <Table<LedgerEntry>
          caption={!all && ledger.entries.length > NEWEST ? `The newest ${NEWEST} entries of ${ledger.entries.length}` : "Every entry, the newest first; epsilons do not simply add up"}
          id={(row) => row.number}
          rows={[...ledger.entries].slice(all ? 0 : -NEWEST).reverse()}
          columns={[
            { name: "Time", show: (row) => <When at={row.time} compact /> },
            { name: "What", show: (row) => WORDS[row.what] ?? row.what },
            { name: "Campaign", show: (row) => (row.campaign === null ? "–" : <code>{shortId(row.campaign)}</code>) },
            { name: "Data", show: (row) => (row.data === null ? "–" : <Foreign text={row.data} />) },
            { name: "Epsilon", right: true, show: (row) => (row.epsilon === null ? "–" : digits(row.epsilon)) },
            { name: "Total", right: true, show: (row) => digits(row.total_epsilon) },
          ]}
        />
        {!all && ledger.entries.length > NEWEST && <button type="button" onClick={() => setAll(true)}>Show all {ledger.entries.length} entries</button>}
      </section>
    </>
  );
}

function digits(value: number): string {
  return String(Number(value.toPrecision(3)));
}
