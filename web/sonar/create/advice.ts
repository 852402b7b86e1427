/** What the service says of a campaign before anything is paid: Capsule's terms, and what a visit takes. */
import { useEffect, useState } from "react";
import useSWR, { type SWRResponse } from "swr";

import { ETHER, parse } from "../../shared/format/amount";
import { ask } from "../../shared/http";
import { API, type Answer } from "../api";
import type { Json } from "../protocol/canonical";
import { specOf } from "./document";
import { type Draft, type Guards, moneyOf, ppm, times, type Unit } from "./draft";
import type { Certificate } from "./make";
import { labelOf, metricOf } from "./model";
import type { Sheet } from "./table";

export interface Advice {
  /** Why it is not a spec; null if it is one. */
  readonly wrong: string | null;
  /** Terms of the Capsule that are not met: their key in its settings, what was found, what is needed. */
  readonly unmet: readonly { readonly term: string; readonly found: string; readonly needed: string }[];
  readonly remarks: readonly string[];
  readonly costs: readonly Cost[];
  /** More than luck, in parts per million. */
  readonly least_gain: number | null;
}

export interface Cost {
  readonly scheme: string;
  readonly key_bits: number;
  readonly visit_seconds: number;
  readonly model_bytes: number;
  readonly gradient_bytes: number;
  readonly advised: boolean;
}

/** Stands for artifacts that are not made yet. */
const NOT_YET = "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n";
const PAUSE_MS = 600;

/** What is said of a spec and its terms. `seconds`: to the end of the review. AskError. */
export async function adviceOn(spec: Json, draft: Draft, unit: Unit, guards: Guards): Promise<Advice> {
  const money = moneyOf(draft, unit.decimals, guards);
  const now = Date.now() / 1000;
  return ask<Advice>(`${API}/advice`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      spec, capsule: draft.capsule, asset: draft.asset === "" ? ETHER : draft.asset, bounty: money.bounty.toString(), fee: money.fee.toString(),
      min_gain: money.minGain, seconds: Math.ceil(times(money, now).reviewUntil - now),
    }),
  });
}

/** The same for a draft without faults, a moment after it was changed last; null for others and until it is known. */
export function useAdvice(draft: Draft, sheet: Sheet | null, start: number | null, unit: Unit | null, guards: Guards | null, place: Answer<readonly Certificate[]> | undefined, isWhole: boolean): Advice | null {
  const [found, setFound] = useState<{ of: string; advice: Advice } | null>(null);
  const certificate = place?.data.find((one) => one.address === draft.capsule)?.certificate ?? null;
  const label = labelOf(draft);
  const asked = isWhole && sheet !== null && start !== null && unit !== null && guards !== null && certificate !== null && label !== undefined ? JSON.stringify([draft, sheet.rows.length, start, unit, guards, certificate]) : null;
  useEffect(() => {
    if (asked === null || sheet === null || start === null || unit === null || guards === null || certificate === null || label === undefined) return undefined;
    let over = false;
    const timer = setTimeout(() => {
      const named = { sealed: NOT_YET, digest: `0x${"00".repeat(32)}`, rows: sheet.rows.length, guidingRows: moneyOf(draft, unit.decimals, guards).guidingRows, capsuleCertificate: certificate, scientistCertificate: NOT_YET, metric: metricOf(draft, label, sheet).metric, scheme: draft.scheme === "" ? "paillier" : draft.scheme };
      adviceOn(specOf(draft, start, named), draft, unit, guards).then(
        (advice) => over || setFound({ of: asked, advice }),
        () => undefined, // asked again before anything is stored; trouble is said then
      );
    }, PAUSE_MS);
    return () => {
      over = true;
      clearTimeout(timer);
    };
    // Everything that it depends on is in `asked`.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [asked]);
  return found !== null && found.of === asked ? found.advice : null;
}

/** What `sonar campaign create` would ask for, by the service; null while it is not known. */
export function useGuards(draft: Draft, sheet: Sheet | null, unit: Unit | null): SWRResponse<Guards, Error> {
  const target = ppm(draft.target), bounty = unit === null ? null : parse(draft.bounty, unit.decimals);
  const known = sheet !== null && sheet.rows.length > 0 && target !== null && target > 0 && bounty !== null && bounty > 0n;
  const query = known ? `rows=${sheet.rows.length}&target=${target}&bounty=${bounty}&in_ether=${draft.asset === ""}` : "";
  return useSWR<Guards, Error>(known ? `${API}/advice/guards?${query}` : null, ask, { shouldRetryOnError: true, revalidateOnFocus: false });
}

/** The scheme that a draft takes: its own choice, else the one that is advised. */
export function schemeOf(draft: Draft, advice: Advice): string {
  return draft.scheme === "" ? (advice.costs.find((cost) => cost.advised)?.scheme ?? "paillier") : draft.scheme;
}

/** What speaks against it, a sentence each; empty if nothing does. */
export function objectionsIn(advice: Advice): string[] {
  if (advice.wrong !== null) return [advice.wrong];
  return advice.unmet.map((one) => `This Capsule declines ${one.found}: it needs ${one.needed} (${one.term} in its terms).`);
}
