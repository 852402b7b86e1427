/** Fetches what a campaign names, and checks that it fits together before anything is computed or paid. */
import type { Key } from "openpgp";
import { ArtifactError, naming, Said, WrongBindingError } from "../artifacts/errors.ts";
import { MAX_BYTES } from "../artifacts/fields.ts";
import { Spec } from "../artifacts/spec.ts";
import { paillierGradient, readModel, readPublicKey, requireScheme, requireSound, type WireGradient } from "../artifacts/wire.ts";
import { readRlweKey, readRlweModel, requireSoundRlwe, rlweGradient } from "../artifacts/wire_rlwe.ts";
import { text, word } from "../chain/events.ts";
import type { CampaignRecord } from "../chain/sonar.ts";
import { fromHex } from "../protocol/bytes.ts";
import { Cid } from "../protocol/cid.ts";
import { CertificateError, readCertificate, seal } from "../protocol/openpgp.ts";
import type { AffineMap } from "../syft/affine.ts";
import { train } from "../syft/paillier/paillier.ts";
import type { PublicKey } from "../syft/paillier/paillier_key.ts";
import { RlweLayout } from "../syft/rlwe/layout.ts";
import { trainRlwe } from "../syft/rlwe/rlwe.ts";
import type { Connection } from "./connection.ts";
import { Fetches } from "../store/fetches.ts";

const SPECS_KEPT = 256;
const KEYS_KEPT = 16;

/** One checked version of a campaign's model under its key: what a visit is trained on. */
export interface Base {
  readonly cid: Cid;
  /** The encrypted difference between the model after the visit and before. */
  readonly train: (visit: AffineMap) => WireGradient;
}

export class Library {
  private readonly connection: Connection;
  private readonly fetches: Fetches;
  private readonly specs = new Map<string, Spec>();
  private readonly keys = new Map<string, PublicKey>();

  constructor(connection: Connection) {
    this.connection = connection;
    this.fetches = new Fetches((cid, most) => connection.store.get(cid, most));
  }

  /** The campaign's spec; kept, as it never changes. */
  async spec(record: CampaignRecord): Promise<Spec> {
    return kept(this.specs, record.id, SPECS_KEPT, async () => {
      const cid = cidOf(record.spec);
      const spec = Spec.parse(await this.fetches.get(cid, MAX_BYTES.spec), cid);
      if (spec.scheme !== "ckks") naming(cid, () => spec.checkSize());
      return spec;
    });
  }

  /** The newest version of the model, checked. */
  async base(record: CampaignRecord, spec: Spec): Promise<Base> {
    requireScheme(spec.scheme);
    return spec.scheme === "rlwe" ? this.rlweBase(record, spec) : this.paillierBase(record, spec);
  }

  private async paillierBase(record: CampaignRecord, spec: Spec): Promise<Base> {
    const { fetches } = this;
    const keyCid = cidOf(record.publicKey);
    const key = await kept(this.keys, record.publicKey, KEYS_KEPT, async () => readPublicKey(await fetches.get(keyCid, 16 * 1024), keyCid));
    if (key.bits !== spec.keyBits) throw new ArtifactError("public_key", "n", `${key.bits} bits`, `${spec.keyBits} bits`, keyCid);
    const campaign = fromHex(record.id) ?? new Uint8Array(0);
    const family = spec.familyFor(campaign);
    const cid = cidOf(record.model);
    const most = Math.min(MAX_BYTES.model, (family.rows * family.nOutputs * spec.keyBits) / 4 + 64 * 1024);
    const model = readModel(await fetches.get(cid, most), cid);
    requireSound(model, spec, campaign, key, record.version, cid);
    return { cid, train: (visit) => paillierGradient(train(model, key, visit)) };
  }

  private async rlweBase(record: CampaignRecord, spec: Spec): Promise<Base> {
    const { fetches } = this;
    const [keyCid, cid] = [cidOf(record.publicKey), cidOf(record.model)];
    const fingerprint = readRlweKey(await fetches.get(keyCid, 16 * 1024), keyCid);
    const campaign = fromHex(record.id) ?? new Uint8Array(0);
    const { rows, nOutputs } = spec.familyFor(campaign);
    const most = RlweLayout.choose(rows, nOutputs, spec.weightBound).modelBytes + 64 * 1024;
    const model = readRlweModel(await fetches.get(cid, Math.min(MAX_BYTES.model, most)), cid);
    requireSoundRlwe(model, spec, campaign, fingerprint, record.version, cid);
    return { cid, train: (visit) => rlweGradient(trainRlwe(model, fingerprint, visit)) };
  }

  /**
   * The certificate to seal to: the spec's, if the campaign's Capsule registered it at any time. It is tried here,
   * before anything is trained that could not be sealed to it.
   */
  async certificate(record: CampaignRecord, spec: Spec): Promise<Key> {
    const { follower, sonar } = this.connection;
    const { capsuleCertificate: cid } = spec;
    const registered = follower.history("CapsuleRegistered").filter((event) => text(event, "capsule") === record.capsule);
    const known = new Set(registered.map((event) => word(event, "certificate")));
    if (!known.has(cid.hex) && (await sonar.certificate(record.capsule)) !== cid.hex) {
      throw new WrongBindingError("spec", "capsule_certificate", cid.toString(), `a certificate that ${record.capsule} registered on Sonar`, cidOf(record.spec));
    }
    const certificate = await this.read(cid);
    await seal(new Uint8Array(0), certificate);
    return certificate;
  }

  private async read(cid: Cid): Promise<Key> {
    try {
      return await readCertificate(await this.fetches.get(cid, MAX_BYTES.certificate));
    } catch (error) {
      if (error instanceof CertificateError) throw new ArtifactError("certificate", "", new Said(error.message), "an OpenPGP certificate", cid);
      throw error;
    }
  }
}

export function cidOf(hex: string): Cid {
  return new Cid(fromHex(hex) ?? new Uint8Array(0));
}

async function kept<T>(all: Map<string, T>, key: string, most: number, make: () => Promise<T>): Promise<T> {
  const found = all.get(key) ?? (await make());
  all.delete(key);
  all.set(key, found);
  const oldest = all.keys().next();
  if (all.size > most && !oldest.done) all.delete(oldest.value);
  return found;
}
