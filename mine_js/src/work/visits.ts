/**
 * The mine's data as one campaign's model learns from them: read, checked and compiled once, then kept in memory and
 * written nowhere. Under a budget only a noised release is handed on, charged to the ledger before it is drawn.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { recordClip } from "../artifacts/record_clip.ts";
import type { Spec } from "../artifacts/spec.ts";
import type { PrivacyStatement } from "../artifacts/wire.ts";
import { type DataSet, renewed, whileUnchanged } from "../data/datasets.ts";
import { DataError } from "../data/errors.ts";
import { settledUnseen, writtenIn } from "../data/notations.ts";
import { readRecords } from "../data/reading.ts";
import { epsilonAt, requireDelta } from "../privacy/accounting.ts";
import type { Budget } from "../privacy/budget.ts";
import type { Fraction } from "../privacy/fraction.ts";
import { onGrid } from "../privacy/grid.ts";
import type { Ledger } from "../privacy/ledger.ts";
import { releaseKey } from "../privacy/release_key.ts";
import { type NoisedSums, ReleasedProblem, UnnoisedSums } from "../privacy/released.ts";
import { fromHex } from "../protocol/bytes.ts";
import type { Limits } from "../rules/policy.ts";
import type { AffineMap } from "../syft/affine.ts";
import type { LinearFamily, SeenRow } from "../syft/family.ts";
import { Rows } from "../syft/row_batches.ts";
import { RowSums } from "../syft/sums.ts";

const KEPT = 8;
const SECONDS_AT_LEAST = 0.25;
const SECONDS_EACH = 100e-6;

/** A visit, what the seal says of the protection of records, and the key of the release behind it (null: no release). */
export interface Compiled {
  readonly map: AffineMap;
  readonly statement: PrivacyStatement | null;
  readonly release: string | null;
}

/** A visit would show single records: the owner's limits ask for more of them. */
export class TooLittleDataError extends DataError {
  constructor(data: string, what: "records" | "classes of the label", there: number, least: number) {
    const key = what === "records" ? "least_records" : "least_classes";
    super(`data set '${data}' has ${there} usable ${what} for this campaign; ${key} in policy.toml asks for ${least}: from so few, Capsule could read single records`);
  }
}

/** Hardly a record fits a campaign: a release has too few even with luck of its noise. */
export class TooLittleReleasedError extends DataError {
  constructor(data: string, most: number, least: number) {
    super(`data set '${data}' has, by its noised release, hardly more than ${most} usable records for this campaign; least_records in policy.toml asks for ${least}: a fee would most likely be lost`);
  }
}

export interface VisitRequest {
  readonly campaign: string;
  readonly spec: Spec;
  readonly data: DataSet;
  readonly limits: Limits;
  readonly budget: Budget | null;
  readonly memoryMb: number;
}

export class Visits {
  private readonly ledger: Ledger;
  private readonly kept = new Map<string, Compiled>();

  constructor(ledger: Ledger) {
    this.ledger = ledger;
  }

  async visit(request: VisitRequest): Promise<Compiled> {
    const data = renewed(request.data); // a database is read as it is now
    const { campaign, budget } = request;
    const name = [campaign, data.digest, data.registration, budget === null ? "none" : `${budget.epsilon}/${budget.price}/${budget.delta}`].join("/");
    const made = this.kept.get(name) ?? (await this.compiled({ ...request, data }));
    this.kept.delete(name);
    this.kept.set(name, made);
    const oldest = this.kept.keys().next();
    if (this.kept.size > KEPT && !oldest.done) this.kept.delete(oldest.value);
    return made;
  }

  private async compiled(request: VisitRequest): Promise<Compiled> {
    const { campaign, spec, budget } = request;
    const family = spec.familyFor(fromHex(campaign) ?? new Uint8Array(0));
    if (budget === null) {
      const gathered = spec.rule.needsRows ? new Rows(family, request.data.name, request.memoryMb * 2 ** 20) : new RowSums(family);
      await this.read(request, family, (row) => gathered.add(row));
      return { map: spec.rule.visit(gathered), statement: null, release: null };
    }
    const floor = spec.privacyFloor;
    const rho = floor === null ? budget.priceRho : budget.forFloor(floor.epsilon, floor.delta);
    const { noised, key } = await this.released(request, family, budget, rho);
    // How many records fit is asked of the release only: so a fee is saved, and no single record decides.
    // Only where even much bad luck leaves too few: honest data are not turned away by their noise.
    if (noised.mostRows < request.limits.leastRecords) throw new TooLittleReleasedError(request.data.name, noised.mostRows, request.limits.leastRecords);
    const delta = floor?.delta ?? budget.delta;
    const statement = { epsilon: epsilonAt(noised.rho, delta), delta };
    return { map: spec.rule.visit(new ReleasedProblem(noised, family)), statement, release: key };
  }

  /** The stored release of these data in this view, the records unread, or a new one: charged, drawn, stored, and only then used. */
  private async released(request: VisitRequest, family: LinearFamily, budget: Budget, rho: Fraction): Promise<{ noised: NoisedSums; key: string }> {
    const { campaign, spec, data } = request;
    const key = releaseKey(spec, campaign, family, rho, data.registration, data.mapping?.text ?? null);
    // Of all rows that were registered: how many of them fit is the campaign's choice, and shows nowhere.
    requireDelta(budget.delta, data.rows);
    const stored = this.ledger.release(key);
    if (stored !== undefined) return { noised: stored, key };
    const clip = recordClip(spec.schema, family);
    const sums = new UnnoisedSums(family.rows, family.nOutputs, clip);
    await this.read(request, family, ({ inputs, targets }) => sums.add(onGrid(inputs, targets, clip)));
    const [began, now] = [performance.now(), Math.trunc(Date.now() / 1000)];
    this.ledger.charge(key, rho, budget, campaign, data.name, now);
    const noised = this.ledger.keep(key, sums.noised(rho), campaign, data.name, now);
    // Takes its time by its size alone, else the time would show how much noise was drawn.
    const seconds = SECONDS_AT_LEAST + SECONDS_EACH * ((family.rows * (family.rows + 1)) / 2 + family.rows * family.nOutputs);
    await sleep(Math.max(0, began + seconds * 1000 - performance.now()));
    return { noised, key };
  }

  /** Every usable record, encoded. Raises unless the data are the registered ones before and after. */
  private async read({ spec, data, limits, budget }: VisitRequest, family: LinearFamily, take: (row: SeenRow) => void): Promise<void> {
    const { schema } = spec;
    const read = budget === null ? data : settledUnseen(data);
    const classes = new Set<number>();
    let count = 0;
    await whileUnchanged(read, async (source) => {
      const written = await writtenIn(read, source, schema.columns);
      // Under a budget, whether this mine takes part is not a function of single values: everybody sees it, and the
      // campaign's schema chooses which records fit. The noise, not their number, protects them.
      for await (const values of readRecords(source, schema, written, budget === null ? data.unusable : null)) {
        const label = schema.encodeLabel(values.at(-1) ?? 0);
        classes.add(label);
        count += 1;
        take(family.seen(schema.encode(values), label));
      }
    });
    if (budget !== null) count = data.rows;
    if (count < limits.leastRecords) throw new TooLittleDataError(data.name, "records", count, limits.leastRecords);
    if (budget === null && schema.label.classes.length > 0 && classes.size < limits.leastClasses) {
      throw new TooLittleDataError(data.name, "classes of the label", classes.size, limits.leastClasses);
    }
  }
}
