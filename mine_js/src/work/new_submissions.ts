/** Decides whether to train one data set for one campaign now, and does it: from cheap to dear. */
import { gradientBytes } from "../artifacts/wire.ts";
import { InsufficientFundsError } from "../chain/errors.ts";
import type { Outbox } from "../chain/outbox.ts";
import { type CampaignRecord, inEther } from "../chain/sonar.ts";
import type { Spec } from "../artifacts/spec.ts";
import { type DataSet, identityOf, renewed } from "../data/datasets.ts";
import type { Ledger } from "../privacy/ledger.ts";
import { fromHex } from "../protocol/bytes.ts";
import { seal } from "../protocol/openpgp.ts";
import { asks, decide } from "../rules/decisions.ts";
import type { Policy } from "../rules/policy.ts";
import { cidOf as nameOf } from "../store/unixfs.ts";
import type { Connection } from "./connection.ts";
import { asking, submitted, type Tell } from "./happenings.ts";
import type { Library } from "./library.ts";
import { factsOf, type Moment, seconds, SUBMIT_GAS, whyClosed } from "./offers.ts";
import { send } from "./open_submissions.ts";
import { requireTokens } from "./money/token_payments.ts";
import { visitCost } from "./visit_cost.ts";
import { Visits } from "./visits.ts";

export class NewSubmissions {
  private readonly connection: Connection;
  private readonly outbox: Outbox;
  private readonly library: Library;
  private readonly ledger: Ledger;
  private readonly visits: Visits;
  private readonly tell: Tell;
  /** Under which digest data that may change were last looked at, by their registration and mapping. */
  private readonly digests = new Map<string, string>();

  constructor(connection: Connection, outbox: Outbox, library: Library, ledger: Ledger, tell: Tell) {
    this.connection = connection;
    this.outbox = outbox;
    this.library = library;
    this.ledger = ledger;
    this.visits = new Visits(ledger);
    this.tell = tell;
  }

  /** Train and submit, if all speaks for it; whether it was. What is trained is the newest confirmed version. */
  async consider(moment: Moment, campaign: string, data: DataSet, policy: Policy): Promise<boolean> {
    const { connection } = this;
    if (await this.isClosed(campaign, policy)) return false;
    const record = await connection.sonar.campaign(campaign, connection.follower.cursor);
    const early = decide(policy, factsOf(connection, moment, record, data, policy));
    if (early.answer !== "train" && !asks(early)) return false; // before its spec is fetched: others' campaigns may not keep the mine waiting
    const spec = await this.library.spec(record);
    let facts = factsOf(connection, moment, record, data, policy, spec, this.seconds(spec, record, policy));
    let decision = decide(policy, facts);
    let [named, current] = [data, data];
    if (decision.answer === "train") {
      current = this.asItIsNow(data);
      // Under a budget what is released stays the same, whatever the records are now.
      if (policy.privacy === null) {
        named = current;
        facts = { ...facts, data: identityOf(named, false) };
        decision = decide(policy, facts);
      }
    }
    const noted = (): boolean => connection.decisions.note(campaign, decision, facts, policy.text, seconds());
    if (decision.answer !== "train") {
      if (noted() && asks(decision)) this.tell(asking(campaign, data.name, spec.title));
      return false;
    }
    const { offer } = facts;
    const [paid, gas] = [offer.stake + offer.fee, SUBMIT_GAS * moment.price];
    if (!inEther(record)) await requireTokens(connection, "submit", record.asset, connection.address, paid);
    const [held, needed] = [await connection.node.balance(connection.address), inEther(record) ? paid + gas : gas];
    if (held < needed) throw new InsufficientFundsError("submit", connection.address, held, needed);
    noted();
    return this.submit(record, spec, named, current, policy);
  }

  /**
   * Data that may change, under the digest that they had when they were last looked at: not in each round, as that reads
   * all of them, and not for another gradient on the same version, which a table that changes all the time would pay for.
   */
  asLastSeen(data: DataSet, policy: Policy): DataSet {
    const digest = policy.privacy === null ? this.digests.get(registered(data)) : undefined;
    return digest === undefined ? data : { ...data, digest };
  }

  private asItIsNow(data: DataSet): DataSet {
    if (!data.live) return data;
    const current = renewed(data);
    this.digests.set(registered(data), current.digest);
    return current;
  }

  /** What a visit takes, if a rule asks: measuring it takes seconds. */
  private seconds(spec: Spec, record: CampaignRecord, policy: Policy): number | null {
    return policy.minimumPerHour === 0n ? null : (visitCost(this.connection.journal, record.id, spec)?.seconds ?? null);
  }

  private async isClosed(campaign: string, policy: Policy): Promise<boolean> {
    const { sonar } = this.connection;
    return whyClosed(await sonar.campaign(campaign), await sonar.now(), policy.limits.timeMargin) !== null;
  }

  private async submit(record: CampaignRecord, spec: Spec, data: DataSet, current: DataSet, policy: Policy): Promise<boolean> {
    const { connection } = this;
    const { id: campaign, version } = record;
    const base = await this.library.base(record, spec);
    const certificate = await this.library.certificate(record, spec);
    const compiled = await this.visits.visit({ campaign, spec, data: current, limits: policy.limits, budget: policy.privacy, memoryMb: policy.memoryMb });
    this.tell({
      event: "training", campaign, sentence: `training version ${version} of '${spec.title}' on '${data.name}'`,
      fields: { data: data.name, base_version: version, title: spec.title },
    });
    const began = performance.now();
    const gradient = base.train(compiled.map);
    const took = (performance.now() - began) / 1000;
    const { chainId, address: contract } = connection.sonar;
    const envelope = { chainId, contract, campaign: fromHex(campaign) ?? new Uint8Array(0), base: base.cid, miner: connection.address, gradient, privacy: compiled.statement };
    const sealed = await seal(gradientBytes(envelope), certificate);
    if (await this.isClosed(campaign, policy)) return false; // closed while training: nothing was promised yet
    const update = nameOf(sealed).hex;
    this.ledger.note(update, compiled.release, campaign, data.name, seconds());
    const made = connection.journal.add(
      { campaign, data: data.name, dataDigest: identityOf(data, policy.privacy !== null), baseVersion: version, baseModel: record.model, update, value: record.stake + record.fee, sealed, seconds: took },
      seconds(),
    );
    const sent = await send(connection, this.outbox, made, record.asset); // undefined: stake and fee are being approved first
    if (sent !== undefined) this.tell(submitted(made, sent.hashes.at(-1) ?? "", compiled.statement));
    return true;
  }
}

/** What tells one registration of data, seen through one mapping, from every other. */
function registered({ name, registration, mapping }: DataSet): string {
  return `${name}/${registration}/${mapping?.text ?? ""}`;
}
