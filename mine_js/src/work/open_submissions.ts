/**
 * Looks after what this mine has already submitted: sends what a crash left over, notes verdicts, takes stakes back,
 * claims. Everything is decided from the newest state of the chain and the journal; doing it again changes nothing.
 */
import { priceNow } from "../chain/fees.ts";
import type { Outbox } from "../chain/outbox.ts";
import { deedOf, isFailed, type Pending } from "../chain/outbox_records.ts";
import { type CampaignRecord, inEther, targetReached } from "../chain/sonar.ts";
import type { Submission } from "../home/journal.ts";
import { OpenMinedError } from "../errors.ts";
import { refusals } from "../rules/checks.ts";
import type { Policy } from "../rules/policy.ts";
import type { Connection } from "./connection.ts";
import { ZERO_ADDRESS } from "../chain/words.ts";
import { showAmount } from "./money/assets.ts";
import { isApproved } from "./money/token_payments.ts";
import { judged, submitted, type Tell } from "./happenings.ts";
import { isWhole } from "../store/check.ts";
import { cidOf } from "./library.ts";
import { bareOffer, seconds } from "./offers.ts";
import type { Standing } from "./standings.ts";

const CLAIM_GAS = 60_000n;
const SETTLE_GAS = 120_000n;
const PUT_BACK_MS = 60_000;
const SETTLE_GRACE = 600;

export function submitDeed(made: Submission): string {
  return deedOf("submit", made.campaign, made.update);
}

/** In whose name a mine pins its gradients: one owner for each account and campaign. */
export function minePins(miner: string, campaign: string): string {
  return `mine/${miner.toLowerCase()}/0x${campaign}`;
}

/**
 * Store and pin the bytes, then hand the call to the outbox; it can be called again after any error. undefined: it waits for
 * the approval of stake and fee in the campaign's token, or is in the queue though this home did not bring it there.
 */
export async function send(connection: Connection, outbox: Outbox, made: Submission, asset: string): Promise<Pending | undefined> {
  if (made.sealed === null) throw new OpenMinedError(`submission ${made.campaign}/${made.update} is closed; it is not sent again`);
  const known = outbox.find(submitDeed(made));
  if (known !== undefined && known.status !== "displaced") return known;
  await connection.store.putPinned(made.sealed, minePins(outbox.account, made.campaign));
  if (asset !== ZERO_ADDRESS && made.value > 0n && !(await isApproved(connection, outbox, asset, made.value, made.campaign))) return undefined;
  return outbox.ensure(submitDeed(made), () => connection.sonar.submit(made.campaign, made.update, outbox.account, made.value, asset));
}

/** Whether the contract gives stake and fee of this submission back. */
export function mayReclaim(record: CampaignRecord, standing: Standing, now: number): boolean {
  const { index, outcome } = standing;
  if (index === null || outcome !== "waiting" || index < record.evaluated) return false;
  return record.state === "SETTLED" || targetReached(record) || now >= record.reviewUntil;
}

export function reclaim(connection: Connection, outbox: Outbox, record: CampaignRecord, standing: Standing): Promise<Pending | undefined> {
  const index = standing.index ?? -1;
  const deed = deedOf("reclaim", record.id, String(index));
  return outbox.ensure(deed, () => connection.sonar.reclaim(record.id, index, standing.update, outbox.account, record.asset));
}

/** Send all that the campaign owes the account by now; undefined if that is nothing. Each claim is a deed of its own. */
export async function claim(connection: Connection, outbox: Outbox, campaign: string, asset: string): Promise<Pending | undefined> {
  const before = outbox.records.confirmed("claim", campaign);
  const deed = deedOf("claim", campaign, String(before.length));
  if (outbox.find(deed) === undefined && (await outbox.shows(deed, before))) return undefined;
  return outbox.ensure(deed, () => connection.sonar.claim(campaign, outbox.account, asset));
}

export class OpenSubmissions {
  private readonly connection: Connection;
  private readonly outbox: Outbox;
  private readonly tell: Tell;
  private readonly wholeUntil = new Map<string, number>();

  constructor(connection: Connection, outbox: Outbox, tell: Tell) {
    this.connection = connection;
    this.outbox = outbox;
    this.tell = tell;
  }

  /** Bring every submission of this home a step further. */
  async tend(campaign: string, policy: Policy): Promise<void> {
    const { connection } = this;
    const [record, now] = [await connection.sonar.campaign(campaign), await connection.sonar.now()];
    for (const standing of connection.standings(campaign)) {
      const { made } = standing;
      if (made === null || made.closedAt !== null) continue;
      if (standing.outcome !== "waiting") await this.release(made, standing, record.asset);
      else if (standing.index !== null) await this.putBack(made);
      else {
        const hopeless = await this.whyHopeless(made, record, policy, now);
        if (hopeless === null) await this.sendAgain(made, record.asset);
        else await this.giveUp(made, hopeless);
      }
    }
  }

  /** Take back stakes that will not be judged and claim what is due; whether nothing is left to come. */
  async money(campaign: string, autoClaim: boolean): Promise<boolean> {
    const { connection, outbox } = this;
    const [record, now] = [await connection.sonar.campaign(campaign), await connection.sonar.now()];
    const waiting = connection.standings(campaign).filter((standing) => standing.index !== null && standing.outcome === "waiting");
    for (const standing of waiting) {
      if (!mayReclaim(record, standing, now)) continue;
      const known = outbox.find(deedOf("reclaim", campaign, String(standing.index)));
      const sent = await reclaim(connection, outbox, record, standing);
      if (known === undefined && sent !== undefined) {
        const sentence = `submission ${standing.index} will not be judged; taking stake and fee back`;
        this.tell({ event: "reclaiming", campaign, sentence, fields: { index: standing.index, transaction: sent.hashes.at(-1) ?? "" } });
      }
    }
    if (record.state !== "SETTLED") {
      await this.settle(record, now);
      return false;
    }
    if (waiting.length > 0) return false;
    const claimable = await connection.sonar.claimable(campaign, connection.address);
    if (autoClaim && claimable > (await this.gasCost(record, CLAIM_GAS))) await this.claim(record, claimable);
    return claimable === 0n;
  }

  private async claim({ id: campaign, asset }: CampaignRecord, amount: bigint): Promise<void> {
    const known = new Set(this.outbox.records.ofCampaign(campaign).map((pending) => pending.number));
    const sent = await claim(this.connection, this.outbox, campaign, asset);
    if (sent === undefined || known.has(sent.number)) return;
    this.tell({ event: "claiming", campaign, sentence: `claiming ${showAmount(await this.connection.asset(asset), amount)}`, fields: { amount: String(amount), transaction: sent.hashes.at(-1) ?? "" } });
  }

  /** Anybody may settle a campaign whose time is over; if Capsule is silent, who is owed does. */
  private async settle(record: CampaignRecord, now: number): Promise<void> {
    if (now < record.reviewUntil + SETTLE_GRACE) return;
    const { connection, outbox } = this;
    const owed = await connection.sonar.owed(record.id, connection.address);
    if (owed <= (await this.gasCost(record, SETTLE_GAS + CLAIM_GAS))) return;
    const deed = deedOf("settle", record.id);
    const known = outbox.find(deed);
    const sent = await outbox.ensure(deed, () => connection.sonar.settle(record.id));
    if (known !== undefined || sent === undefined) return;
    const sentence = "its time is over and nobody has settled it; settling";
    this.tell({ event: "settling", campaign: record.id, sentence, fields: { transaction: sent.hashes.at(-1) ?? "" } });
  }

  private async gasCost(record: CampaignRecord, gas: bigint): Promise<bigint> {
    return inEther(record) ? gas * (await priceNow(this.connection.node)) : 0n;
  }

  /** Why a submission that is not in the queue is not sent any more; null as long as it may still get there. */
  private async whyHopeless(made: Submission, record: CampaignRecord, policy: Policy, now: number): Promise<string | null> {
    const known = this.outbox.find(submitDeed(made));
    if (known !== undefined && !isFailed(known)) return null; // on its way: the outbox knows more than the newest block
    if (known !== undefined && (await this.outbox.shows(known.deed, [known]))) return null; // its event is not read yet
    if (known?.status === "reverted") return `the contract refused it: ${known.problem ?? "no reason given"}`;
    if (now >= record.submitUntil || targetReached(record)) return "the campaign takes no more submissions";
    if (known !== undefined) return null;
    const { node, decisions } = this.connection;
    const offer = { ...bareOffer(record, await priceNow(node)), word: decisions.word(record.id) };
    // The owner's word is asked for even where it may still come; what an hour brings was reckoned before it was trained.
    const forbidden = refusals(policy, offer).filter(({ rule, forNow }) => rule === "ask_first" || (!forNow && rule !== "minimum_per_hour"));
    return forbidden[0]?.reason ?? null;
  }

  private async sendAgain(made: Submission, asset: string): Promise<void> {
    const known = this.outbox.find(submitDeed(made));
    const sent = await send(this.connection, this.outbox, made, asset);
    if (known === undefined && sent !== undefined) this.tell(submitted(made, sent.hashes.at(-1) ?? "", null));
  }

  /** Until its verdict the gradient must be in the store; if it is gone there, it is still here. */
  private async putBack(made: Submission): Promise<void> {
    if (made.sealed === null || performance.now() < (this.wholeUntil.get(made.update) ?? 0)) return;
    const { store, address } = this.connection;
    const owner = minePins(address, made.campaign);
    if (!(await isWhole(store, cidOf(made.update), owner))) {
      await store.putPinned(made.sealed, owner);
      const what = "a gradient that waits for its verdict";
      this.tell({ event: "put_back", campaign: made.campaign, sentence: `${what} was missing in the store, or damaged there; it was put again`, fields: { what } });
    }
    this.wholeUntil.set(made.update, performance.now() + PUT_BACK_MS);
  }

  private async release(made: Submission, standing: Standing, asset: string): Promise<void> {
    const shown = showAmount(await this.connection.asset(asset), standing.payout);
    await this.unpin(made);
    this.connection.journal.close(made, seconds());
    this.tell(judged(made.campaign, standing.index ?? 0, standing.verdict ?? "RECLAIMED", standing.payout, standing.accuracy, shown));
  }

  private async giveUp(made: Submission, reason: string): Promise<void> {
    await this.unpin(made);
    this.connection.journal.giveUp(made, reason, seconds());
    this.tell({ event: "given_up", campaign: made.campaign, sentence: `a submission is given up: ${reason}`, fields: { data: made.data, reason } });
  }

  private async unpin(made: Submission): Promise<void> {
    await this.connection.store.unpin(cidOf(made.update), minePins(this.connection.address, made.campaign));
  }
}
