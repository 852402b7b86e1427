import { count } from "../../shared/format/numbers";
import { Notice } from "../../shared/ui/States";
import { Table } from "../../shared/ui/Table";
import { Foreign } from "../../shared/ui/words";
import type { CampaignFit, ColumnSeen } from "../api";
import { Fits } from "./Fits";

/** What was understood of data, before they are kept. Samples are values of the owner's: they stay on this machine. */
export interface Seen {
  readonly name: string;
  readonly kind: string;
  readonly rows: number;
  readonly read_as: readonly string[];
  readonly columns: readonly ColumnSeen[];
  readonly left_out: Readonly<Record<string, number>>;
  readonly faults: number;
  readonly first_fault: string | null;
  readonly campaigns: readonly CampaignFit[];
  readonly campaigns_unknown: string | null;
}

export function PreviewCard(props: { preview: Seen }) {
  const { preview } = props;
  const remarks = [...preview.read_as, ...Object.entries(preview.left_out).map(([what, times]) => `${count(times)} x ${what} left out`)];
  return (
    <>
      <section className="card spaced" aria-labelledby="understood">
        <h2 id="understood">What was understood</h2>
        {preview.faults > 0 && <Notice kind="warn">{count(preview.faults)} records cannot be used: <Foreign text={preview.first_fault ?? ""} most={300} /></Notice>}
        {remarks.length > 0 && <ul className="reasons">{remarks.map((remark) => <li key={remark}><Foreign text={remark} most={300} /></li>)}</ul>}
        <Table<ColumnSeen>
          caption={`${count(preview.rows)} records of ${preview.kind}, by column`}
          id={(row) => row.name}
          rows={preview.columns}
          columns={[
            { name: "Column", show: (row) => <Foreign text={row.name} most={80} /> },
            { name: "Kind", show: (row) => row.kind },
            { name: "Missing", right: true, show: (row) => row.missing_share ?? "–" },
            { name: "Range", show: (row) => row.range ?? "–" },
            { name: "For instance", show: (row) => <div className="samples"><Foreign text={row.samples} most={160} /></div> },
            { name: "Remark", show: (row) => (row.remark === null ? "–" : <Foreign text={row.remark} most={200} />) },
          ]}
        />
      </section>
      <section className="card" aria-labelledby="would-fit">
        <h2 id="would-fit">Open campaigns</h2>
        {preview.campaigns_unknown !== null ? (
          <Notice kind="warn">The open campaigns cannot be compared: {preview.campaigns_unknown}</Notice>
        ) : (
          <Fits fits={preview.campaigns} caption="How these data fit each open campaign, by their values" hint="What is lacking may only have another name here. Once these data are kept, “Map” on the Data page says which of your columns it is." />
        )}
      </section>
    </>
  );
}
