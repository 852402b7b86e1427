/** How long a visit takes this machine, and how many bytes travel: measured where the mine has been there, estimated from the sizes otherwise. */
import type { Spec } from "../artifacts/spec.ts";
import type { Journal } from "../home/journal.ts";
import { SyftError } from "../errors.ts";
import { fromHex } from "../protocol/bytes.ts";
import { Layout } from "../syft/paillier/layout.ts";
import { RlweLayout, ZEROS } from "../syft/rlwe/layout.ts";
import { forward, residuesOf } from "../syft/rlwe/ring.ts";
import { gradientBytes } from "../syft/rlwe/rlwe.ts";
import { masks } from "../syft/rlwe/sampling.ts";
import { Fast, randomBelow } from "../syft/paillier/modular.ts";

const PRODUCTS = 200;
const TIMES = 3;

/** Seconds of one product and of one power modulo n^2. */
interface UnitCosts {
  readonly product: number;
  readonly noise: number;
}
const measured = new Map<number, UnitCosts>();

/** One visit. `seconds`: of computing, without reading the data. `measured`: whether it is what earlier visits took. Bytes: of the model down and the gradient up. */
export interface VisitCost {
  readonly seconds: number;
  readonly measured: boolean;
  readonly bytesDown: number;
  readonly bytesUp: number;
}

/** What a visit to the campaign costs; null for what this mine does not train. The first estimate takes some tenths of a second. */
export function visitCost(journal: Journal, campaign: string, spec: Spec): VisitCost | null {
  const estimated = estimate(campaign, spec);
  const measuredSeconds = journal.secondsOfVisits(campaign);
  return estimated && { ...estimated, seconds: measuredSeconds ?? estimated.seconds, measured: measuredSeconds !== null };
}

function estimate(campaign: string, spec: Spec): Omit<VisitCost, "measured"> | null {
  if (spec.scheme === "ckks") return null;
  try {
    const { rows, nOutputs } = spec.familyFor(fromHex(campaign) ?? new Uint8Array(0));
    if (spec.scheme === "rlwe") {
      const layout = RlweLayout.choose(rows, nOutputs, spec.weightBound);
      return { seconds: rlweSeconds(layout), bytesDown: layout.modelBytes, bytesUp: gradientBytes(layout) };
    }
    const layout = Layout.choose(rows, nOutputs, spec.keyBits, spec.weightBound);
    const { product, noise } = unitCosts(spec.keyBits);
    return {
      seconds: layout.mapProducts() * product + layout.gradientCiphertexts * noise,
      bytesDown: (layout.modelCiphertexts * spec.keyBits) / 4,
      bytesUp: (layout.gradientCiphertexts * spec.keyBits) / 4,
    };
  } catch (error) {
    if (error instanceof SyftError) return null; // a size that cannot be trained is refused elsewhere, with its reason
    throw error;
  }
}

let transform: number | undefined;

/** Transforms, each with its products; the masks of every answer, and two backwards. */
function rlweSeconds(layout: RlweLayout): number {
  transform ??= shortest(() => forward(residuesOf(masks())));
  return layout.columnBlocks * layout.rowBlocks * (layout.inputBlocks + ZEROS + 2) * 1.5 * transform;
}

/** Measured with random odd numbers of the right length, which take as long as a key's. */
function unitCosts(keyBits: number): UnitCosts {
  const known = measured.get(keyBits);
  if (known !== undefined) return known;
  const top = 1n << BigInt(keyBits - 1);
  const n = randomBelow(top) | top | 1n;
  const modulus = n * n;
  const base = randomBelow(modulus) | 2n;
  const product = shortest(() => {
    let made = base;
    for (let times = 0; times < PRODUCTS; times += 1) made = (made * base) % modulus;
  });
  const made = { product: product / PRODUCTS, noise: shortest(() => Fast.power(base, n, modulus)) };
  measured.set(keyBits, made);
  return made;
}

/** Seconds that some work takes at its best: the machine's other work only adds. */
function shortest(work: () => unknown): number {
  const seconds = Array.from({ length: TIMES }, () => {
    const began = performance.now();
    work();
    return (performance.now() - began) / 1000;
  });
  return Math.min(...seconds);
}
