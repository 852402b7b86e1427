import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { Link } from "wouter";

import { percent, share } from "../../shared/format/numbers";
import { Amount, Bar, Foreign, useNow, When } from "../../shared/ui/words";
import type { Campaign } from "../api";
import { StateBadge } from "./state";

/** Before a row was in the page and measured. */
const ROW_HEIGHT = 88;

/** Only the rows in sight are in the page; more are asked for before the last one comes into sight. */
export function CampaignList(props: { rows: readonly Campaign[]; more: boolean; loadMore: () => void }) {
  const { rows, more, loadMore } = props;
  const now = useNow();
  const frame = useRef<HTMLUListElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => setMargin(frame.current?.offsetTop ?? 0), []);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
    scrollMargin: margin,
    getItemKey: (place) => rows[place]?.id ?? place,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last >= rows.length - 10) loadMore();
  }, [more, last, rows.length, loadMore]);
  const height = virtual.getTotalSize();
  useLayoutEffect(() => {
    if (frame.current) frame.current.style.height = `${height}px`;
  }, [height]);
  return (
    <ul className="campaigns" ref={frame}>
      {items.map((item) => {
        const campaign = rows[item.index];
        return (
          campaign && (
            <li
              key={item.key}
              data-index={item.index}
              aria-setsize={more ? -1 : rows.length}
              aria-posinset={item.index + 1}
              ref={(element) => {
                if (element) element.style.transform = `translateY(${item.start - margin}px)`;
                virtual.measureElement(element);
              }}
            >
              <CampaignRow campaign={campaign} now={now} />
            </li>
          )
        );
      })}
    </ul>
  );
}

function CampaignRow(props: { campaign: Campaign; now: number }) {
  const { campaign, now } = props;
  const best = campaign.best;
  const target = campaign.terms.target;
  return (
    <Link href={`/campaigns/${campaign.id}`} className="campaign-row">
      <span className="what">
        <span className="title">
          {campaign.title === null ? <span className="soft">Campaign {campaign.id.slice(0, 10)}…</span> : <Foreign text={campaign.title} most={90} />}
        </span>
        <span className="small soft">
          {campaign.state === "open" && now < campaign.terms.submit_until ? (
            <>
              Closes <When at={campaign.terms.submit_until} relative />
            </>
          ) : (
            <>
              Created <When at={campaign.created_at} relative happened />
            </>
          )}
        </span>
      </span>
      <span className="progress">
        <span className="small number">
          {best === null ? <span className="soft">Target {percent(target)}</span> : <>{percent(best)} <span className="soft">of {percent(target)}</span></>}
        </span>
        <Bar share={best === null ? 0 : best / target} />
      </span>
      <span className="money">
        <Amount wei={campaign.terms.bounty} asset={campaign.asset} />
        <span className="small soft number">{Math.round(share(BigInt(campaign.paid), BigInt(campaign.terms.bounty)) * 100)}&nbsp;% paid</span>
      </span>
      <span className="is">
        <StateBadge campaign={campaign} now={now} />
      </span>
    </Link>
  );
}
