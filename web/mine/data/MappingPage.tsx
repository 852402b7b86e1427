import { useState } from "react";
import { Link } from "wouter";

import { Press } from "../../shared/ui/Press";
import { PageHead } from "../../shared/ui/Shell";
import { Notice } from "../../shared/ui/States";
import { type CampaignFit, useMine } from "../api";
import { Loaded } from "../Loaded";
import { change, read } from "../session";
import { useAct } from "../useAct";
import { Fits } from "./Fits";
import { type Draft, type Mapping, draftOf, suggestionOf, tableOf } from "./mapping";
import { MappingTable } from "./MappingTable";

/** Which of the owner's columns a campaign's fields are. Kept for every campaign that asks for the same fields. */
export function MappingPage(props: { params: { name: string; campaign: string } }) {
  const { name, campaign } = props.params;
  const path = `/api/data/${encodeURIComponent(name)}/mapping`;
  const asked = useMine<Mapping>(`${path}?campaign=${encodeURIComponent(campaign)}`);
  return (
    <>
      <p className="crumbs small"><Link href="/data">Data</Link></p>
      <PageHead title={`Map the columns of ${name.slice(0, 64)}`} windowTitle="Mapping – Mine" lead="Campaigns have names, units and words of their own. Say which of your columns each field is; nobody else learns what yours are called." />
      <Loaded asked={asked} what="the fields and your columns">
        {(found) => <Editor key={path} mapping={found} path={path} name={name} saved={() => void asked.mutate()} />}
      </Loaded>
    </>
  );
}

function Editor(props: { mapping: Mapping; path: string; name: string; saved: () => void }) {
  const { mapping } = props;
  const [drafts, setDrafts] = useState<Readonly<Record<string, Draft>>>(() => Object.fromEntries(mapping.fields.map((field) => [field.name, draftOf(field)])));
  const [digest, setDigest] = useState(mapping.digest);
  const [fits, setFits] = useState<readonly CampaignFit[] | null>(null);
  const act = useAct();
  const suggested = mapping.fields.filter((field) => field.suggestion.column !== null).length;

  async function save(): Promise<string> {
    const fields = Object.fromEntries(mapping.fields.map((field) => [field.name, tableOf(field, drafts[field.name] ?? draftOf(field))]));
    setDigest((await change<{ digest: string }>(props.path, { digest, fields })).digest);
    const found = await read<{ campaigns: readonly CampaignFit[] }>(`/api/data/${encodeURIComponent(props.name)}/check`);
    setFits(found.campaigns);
    props.saved();
    return "Saved. This is how your data fit now:";
  }

  return (
    <form onSubmit={(event) => { event.preventDefault(); void act.act(save); }}>
      <div className="card">
        <div className="card-head">
          <h2>Fields</h2>
          <button type="button" onClick={() => setDrafts(Object.fromEntries(mapping.fields.map((field) => [field.name, suggestionOf(field)])))}>
            Take the suggestions ({suggested} of {mapping.fields.length})
          </button>
        </div>
        <MappingTable mapping={mapping} drafts={drafts} put={(field, draft) => setDrafts({ ...drafts, [field]: draft })} />
      </div>
      <div className="row spaced">
        <Press type="submit" className="first" busy={act.busy}>{act.busy ? "Saving and reading …" : "Save"}</Press>
        <span role="status">{act.done}</span>
        {act.done !== null && <Link href="/campaigns">See the campaigns</Link>}
      </div>
      {act.wrong !== null && <div className="spaced"><Notice kind="bad">{act.wrong}</Notice></div>}
      {fits !== null && <div className="card spaced"><Fits fits={fits} caption="How the data fit each open campaign, by their values" /></div>}
    </form>
  );
}
