import { Empty } from "../../shared/ui/States";
import { Table } from "../../shared/ui/Table";
import { Badge, Foreign } from "../../shared/ui/words";
import { type CampaignFit, nameOf } from "../api";

/** How data fit each open campaign, by their values. `hint`: what to do where fields are lacking. */
export function Fits(props: { fits: readonly CampaignFit[]; caption: string; hint?: string }) {
  if (props.fits.length === 0) return <Empty within title="No campaign is open" />;
  const lacks = props.fits.some((fit) => fit.missing.length > 0);
  return (
    <>
    <Table<CampaignFit>
      caption={props.caption}
      id={(row) => row.campaign}
      rows={props.fits}
      columns={[
        { name: "Campaign", show: (row) => <Foreign text={nameOf(row)} most={80} /> },
        { name: "Fits", show: (row) => (row.fits ? <Badge tone="good">Fits</Badge> : <Badge tone="warn">Does not fit</Badge>) },
        { name: "Why not, or what is converted", show: (row) => <Foreign text={row.why_not ?? (row.changed.join("; ") || "as it is")} most={400} /> },
      ]}
    />
    {lacks && props.hint !== undefined && <p className="hint">{props.hint}</p>}
    </>
  );
}
