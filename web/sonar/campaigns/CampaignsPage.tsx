import { useCallback, useState } from "react";
import useSWRInfinite from "swr/infinite";
import { Link } from "wouter";

import { plural } from "../../shared/format/numbers";
import { ask } from "../../shared/http";
import { PageHead } from "../../shared/ui/Shell";
import { Empty, Failure, Loading, Notice, saidOf } from "../../shared/ui/States";
import { API, type Answer, type Campaign } from "../api";
import { useFresh } from "../news";
import { CampaignList } from "./CampaignList";
import { type Filter, Filters, NO_FILTER, queryOf } from "./Filters";

const A_PAGE = 50;

/** All campaigns, the newest first: filters, search, and a list that loads as it is scrolled. */
export function CampaignsPage() {
  const [filter, setFilter] = useState<Filter>(NO_FILTER);
  const asked = useSWRInfinite<Answer<readonly Campaign[]>, Error>(
    (page: number, before: Answer<readonly Campaign[]> | null) => {
      if (before !== null && before.next === null) return null;
      const after = before?.next ?? null;
      return `${API}/campaigns?limit=${A_PAGE}${queryOf(filter)}${after === null ? "" : `&after=${after}`}`;
    },
    ask,
    { revalidateFirstPage: true, keepPreviousData: true },
  );
  const pages = asked.data ?? [];
  const rows = pages.flatMap((page) => page.data);
  const more = pages.length > 0 && pages.at(-1)?.next !== null;
  const { size, setSize, mutate } = asked;
  const again = useCallback(() => void mutate(), [mutate]);
  useFresh(again);
  const loaded = pages.length;
  const loadMore = useCallback(() => {
    if (loaded === size) void setSize(size + 1); // one page at a time
  }, [loaded, size, setSize]);
  const filtered = queryOf(filter) !== "";
  return (
    <>
      <PageHead
        title="Campaigns"
        windowTitle="Campaigns – Sonar"
        lead="Each campaign pays data owners for raising a model's accuracy. The model stays encrypted, and their data stay where they are."
      >
        <Link className="button first" href="/create">
          New campaign
        </Link>
      </PageHead>
      <Filters value={filter} onChange={setFilter} />
      {asked.error !== undefined && rows.length > 0 && <Notice kind="warn">What you see may be old. {saidOf(asked.error)}</Notice>}
      <div className="card list-card">
        {asked.error !== undefined && rows.length === 0 ? (
          <Failure error={asked.error} what="the list of campaigns" again={again} />
        ) : asked.data === undefined ? (
          <Loading what="campaigns" />
        ) : rows.length === 0 ? (
          <NoCampaigns filtered={filtered} clear={() => setFilter(NO_FILTER)} />
        ) : (
          <CampaignList rows={rows} more={more} loadMore={loadMore} />
        )}
      </div>
      <p className="hint" aria-live="polite">
        {rows.length > 0 && `${plural(rows.length, "campaign")} loaded${more ? "; scroll for more" : ""}.`}
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
