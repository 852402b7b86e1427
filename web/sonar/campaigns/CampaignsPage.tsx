import { useState } from "react";
import { Link } from "wouter";

import { plural } from "../../shared/format/numbers";
import { PageHead } from "../../shared/ui/Shell";
import { Empty, Failure, Loading, Notice, saidOf } from "../../shared/ui/States";
import type { Campaign } from "../api";
import { Downloads } from "../records/Listing";
import { useRows } from "../useRows";
import { CampaignList } from "./CampaignList";
import { type Filter, Filters, NO_FILTER, queryOf } from "./Filters";

/** All campaigns, the newest first: filters, search, and a list that loads as it is scrolled. */
export function CampaignsPage() {
  const [filter, setFilter] = useState<Filter>(NO_FILTER);
  const { rows, error, again, more, loadMore } = useRows<Campaign>(`/campaigns${queryOf(filter)}`);
  const shown = rows ?? [];
  const filtered = queryOf(filter) !== "";
  return (
    <>
      <PageHead
        title="Campaigns"
        windowTitle="Campaigns – Sonar"
        lead="Each campaign pays data owners for raising a model's accuracy. The model stays encrypted, and their data stay where they are."
      >
        <Downloads table="campaigns" what="the campaigns" />
        <Link className="button first" href="/create">
          New campaign
        </Link>
      </PageHead>
      <Filters value={filter} onChange={setFilter} />
      {error !== undefined && shown.length > 0 && <Notice kind="warn">What you see may be old. {saidOf(error)}</Notice>}
      <div className="card list-card">
        {error !== undefined && shown.length === 0 ? (
          <Failure error={error} what="the list of campaigns" again={again} />
        ) : rows === undefined ? (
          <Loading what="campaigns" />
        ) : rows.length === 0 ? (
          <NoCampaigns filtered={filtered} clear={() => setFilter(NO_FILTER)} />
        ) : (
          <CampaignList rows={rows} more={more} loadMore={loadMore} />
        )}
      </div>
      <p className="hint" aria-live="polite">
        {shown.length > 0 && `${plural(shown.length, "campaign")} loaded${more ? "; scroll for more" : ""}.`}
      </p>
    </>
  );
}

function NoCampaigns(props: { filtered: boolean; clear: () => void }) {
  return props.filtered ? (
    <Empty title="No campaign matches">
      <p>Try fewer words, or another state.</p>
      <div className="row">
        <button type="button" onClick={props.clear}>
          Show all campaigns
        </button>
      </div>
    </Empty>
  ) : (
    <Empty title="No campaign yet">
      <p>The first one appears here as soon as a scientist has put a bounty in escrow.</p>
    </Empty>
  );
}
