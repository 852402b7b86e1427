import { useState } from "react";
import { Link } from "wouter";

import { count, plural } from "../../shared/format/numbers";
import { Press } from "../../shared/ui/Press";
import { PageHead } from "../../shared/ui/Shell";
import { Empty, Notice } from "../../shared/ui/States";
import { Table } from "../../shared/ui/Table";
import { Badge, Foreign, Names } from "../../shared/ui/words";
import { type Campaign, type CampaignFit, type DataSet, nameOf, useMine } from "../api";
import { Loaded } from "../Loaded";
import { change, read } from "../session";
import { useAct } from "../useAct";
import { Fits } from "./Fits";

/** The registered data sets, and what each of them covers of each open campaign. */
export function DataPage() {
  const data = useMine<readonly DataSet[]>("/api/data");
  const campaigns = useMine<readonly Campaign[]>("/api/campaigns");
  return (
    <>
      <PageHead title="Data" windowTitle="Data – Mine" lead="Which of your data models may learn from. They stay where they are; no row is copied or sent.">
        <Link href="/data/add" className="button first">Add data</Link>
      </PageHead>
      <Loaded asked={data} what="your data sets">
        {(rows) =>
          rows.length === 0 ? (
            <div className="card">
              <Empty title="No data set is registered">
                <p>Name a file, a folder or a database on this machine. You see what was understood of it before anything is kept.</p>
                <div className="row"><Link href="/data/add" className="button first">Add data</Link></div>
              </Empty>
            </div>
          ) : (
            <>
              {rows.map((row) => (
                <One key={row.name} data={row} changed={() => { void data.mutate(); void campaigns.mutate(); }} />
              ))}
              <section className="section" aria-labelledby="coverage">
                <h2 id="coverage">Coverage of the open campaigns</h2>
                <Loaded asked={campaigns} what="the open campaigns">
                  {(open) => <div className="card spaced"><Coverage campaigns={open} data={rows} /></div>}
                </Loaded>
              </section>
            </>
          )
        }
      </Loaded>
    </>
  );
}

function One(props: { data: DataSet; changed: () => void }) {
  const { data } = props;
  const [sure, setSure] = useState(false);
  const [fits, setFits] = useState<readonly CampaignFit[] | null>(null);
  const act = useAct();
  const at = `/api/data/${encodeURIComponent(data.name)}`;
  return (
    <section className="card" aria-labelledby={`data-${data.name}`}>
      <div className="card-head">
        <h2 id={`data-${data.name}`}>{data.name}</h2>
        {data.usable ? <Badge tone="good">Unchanged</Badge> : <Badge tone="bad">Cannot be used</Badge>}
      </div>
      {!data.usable && data.why_not !== null && <Notice kind="bad"><Foreign text={data.why_not} most={600} /></Notice>}
      <dl className="facts">
        <dt>Kind</dt>
        <dd>{data.kind}, {plural(data.rows, "record")}, {plural(data.columns.length, "column")}</dd>
        <dt>Place</dt>
        <dd><Foreign text={data.location} most={500} /></dd>
        <dt>Columns</dt>
        <dd><Names names={data.columns} /></dd>
      </dl>
      <div className="row spaced">
        <Press
          type="button"
          busy={act.busy}
          onClick={() => void act.act(async () => {
            setFits(null);
            const found = await read<DataSet & { campaigns: readonly CampaignFit[] }>(`${at}/check`);
            setFits(found.campaigns);
            return `Every value of ${count(found.rows)} records was read.`;
          })}
        >
          {act.busy ? "Reading …" : "Check the values"}
        </Press>
        {sure ? (
          <>
            <span>Forget {data.name}? The data themselves stay.</span>
            <Press busy={act.busy} onClick={() => void act.act(async () => { await change(`${at}/forget`); props.changed(); return null; })}>Yes, forget</Press>
            <button type="button" className="quiet" onClick={() => setSure(false)}>No, keep</button>
          </>
        ) : (
          <button type="button" className="quiet" onClick={() => setSure(true)}>Forget</button>
        )}
      </div>
      <div role="status" className="spaced">
        {act.done !== null && <p>{act.done}</p>}
        {act.wrong !== null && <p className="wrong">{act.wrong}</p>}
      </div>
      {fits !== null && <Fits fits={fits} caption={`How ${data.name} fits the open campaigns, by its values`} />}
    </section>
  );
}

function Coverage(props: { campaigns: readonly Campaign[]; data: readonly DataSet[] }) {
  if (props.campaigns.length === 0) return <Empty within title="No campaign is open"><p>Open campaigns are compared with your data here.</p></Empty>;
  return (
    <Table<Campaign>
      caption="For each open campaign, the fields that each data set has, by their names"
      id={(row) => row.campaign}
      rows={props.campaigns}
      columns={[
        { name: "Campaign", show: (row) => <Foreign text={nameOf(row)} most={80} /> },
        { name: "Asks for", show: (row) => (row.fields.length === 0 ? <Foreign text={row.data} most={200} /> : <Names names={row.fields} most={12} />) },
        ...props.data.map((data) => ({ name: data.name, show: (row: Campaign) => <Cell campaign={row} data={data.name} /> })),
      ]}
    />
  );
}

function Cell(props: { campaign: Campaign; data: string }) {
  const fit = props.campaign.fits.find((one) => one.data === props.data);
  if (fit === undefined || props.campaign.fields.length === 0) return <span className="soft">unknown</span>;
  const all = props.campaign.fields.length;
  const map = <Link href={`/data/${encodeURIComponent(props.data)}/map/${props.campaign.campaign}`}>Map<span className="hidden"> {props.data} to {nameOf(props.campaign)}</span></Link>;
  if (fit.fits) return <><Badge tone="good">{`all ${all}`}</Badge> {map}</>;
  return <><Badge tone="warn">{`${all - fit.missing.length} of ${all}`}</Badge> <span>lacks <Names names={fit.missing} most={6} /></span> {map}</>;
}
