import { createContext, type ReactNode, useContext, useEffect, useState } from "react";

import { ETHER, exact, short } from "../format/amount";
import { plain } from "../format/foreign";
import { count } from "../format/numbers";
import { compact, distance, isoMoment, moment } from "../format/time";

export type Tone = "good" | "warn" | "bad" | "live" | "plain";

/** A word in a pill; the word says all, the colour repeats it. */
export function Badge(props: { tone: Tone; children: ReactNode }) {
  return <span className={`badge ${props.tone}`}>{props.children}</span>;
}

/** A stranger's text, isolated from the direction of its surroundings. */
export function Foreign(props: { text: string; most?: number }) {
  return <bdi>{plain(props.text, props.most)}</bdi>;
}

/** Names that strangers gave, as many as fit into some lines, and how many more there are. */
export function Names(props: { names: readonly string[]; most?: number }) {
  const { names, most = 24 } = props;
  const left = names.length - most;
  return (
    <>
      <Foreign text={names.slice(0, most).map((name) => plain(name, 60)).join(", ")} most={2000} />
      {left > 0 && ` and ${count(left)} more`}
    </>
  );
}

/** How the tokens that a page knows are counted, by their address. */
export const Units = createContext<ReadonlyMap<string, Unit>>(new Map());

/** An amount; the exact one is its title and what a screen reader says. A token's is counted as `of` or the page's `Units` say; without, in its smallest unit. */
export function Amount(props: { wei: string; asset?: string; of?: Unit | undefined; whole?: boolean }) {
  const units = useContext(Units), asset = props.asset ?? ETHER;
  const { symbol, decimals } = unitOf(asset, props.of ?? units.get(asset));
  const full = `${exact(props.wei, decimals)} ${symbol}`;
  const shown = props.whole ? exact(props.wei, decimals) : short(props.wei, decimals);
  return (
    <bdi className="number" title={full}>
      {shown.endsWith(" wei") ? (symbol === "ETH" ? shown : full) : `${shown} ${symbol}`}
    </bdi>
  );
}

/** How amounts in an asset are written. */
export interface Unit {
  readonly symbol: string | null;
  readonly decimals: number;
}

export function unitOf(asset: string, of?: Unit): { symbol: string; decimals: number } {
  if (asset === ETHER) return { symbol: "ETH", decimals: 18 };
  const units = `units of ${asset.slice(0, 8)}…${asset.slice(-4)}`;
  return of === undefined ? { symbol: units, decimals: 0 } : { symbol: plain(of.symbol ?? units, 30), decimals: of.decimals };
}

/** A moment in the reader's zone and way of writing, or how far away it is in the page's language. What `happened` is never in the future, though another clock than the reader's may say so. */
export function When(props: { at: number | null; relative?: boolean; compact?: boolean; happened?: boolean }) {
  const now = useNow(props.at !== null && props.relative === true);
  if (props.at === null) return <span className="soft">–</span>;
  return (
    <time dateTime={isoMoment(props.at)} title={moment(props.at)} lang={props.relative ? undefined : navigator.language}>
      {props.relative ? distance(props.happened ? Math.min(props.at, now) : props.at, now) : props.compact ? compact(props.at) : moment(props.at)}
    </time>
  );
}

/** Seconds since 1970, new every ten seconds. */
export function useNow(running = true): number {
  const [now, tick] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => tick(Date.now() / 1000), 10_000);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}

/** An address, digest or CID: its ends, with the whole as title and to copy. */
export function Hash(props: { value: string; name: string; link?: (children: ReactNode) => ReactNode }) {
  const [copied, setCopied] = useState(false);
  const shown = <code title={props.value}>{`${props.value.slice(0, 8)}…${props.value.slice(-6)}`}</code>;
  return (
    <span className="hash">
      {props.link ? props.link(shown) : shown}
      <button
        type="button"
        className="quiet copy"
        onClick={() => {
          void navigator.clipboard.writeText(props.value).then(() => setCopied(true));
          setTimeout(() => setCopied(false), 2000);
        }}
      >
        {copied ? <span aria-hidden="true">✓</span> : <CopyIcon />}
        <span className="hidden">{copied ? `${props.name} copied` : `Copy ${props.name}`}</span>
      </button>
    </span>
  );
}

/** Two sheets, drawn: many fonts lack the character for it. */
function CopyIcon() {
  return (
    <svg className="icon" viewBox="0 0 12 12" fill="none" stroke="currentColor" strokeWidth="1.4" aria-hidden="true">
      <rect x="0.7" y="0.7" width="7.6" height="7.6" rx="1" />
      <path d="M4 11.3h6.3a1 1 0 0 0 1-1V4" />
    </svg>
  );
}

/** A share as a bar, for the eye: the words beside it say the same. */
export function Bar(props: { share: number }) {
  return (
    <svg className="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect width={props.share * 100} height="8" />
    </svg>
  );
}
