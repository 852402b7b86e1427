/** Random Fourier features: x -> sqrt(2) cos(x Omega + b), drawn from the campaign's id with SHAKE-256. */
import { createHash } from "node:crypto";
import { ParameterError, requireKnown } from "../errors.ts";
import { isObject } from "../protocol/canonical_json.ts";
import { cosine, logarithm, TURN } from "./arithmetic/functions.ts";
import { product } from "./arithmetic/product.ts";
import { Matrix } from "./matrix.ts";

const MOST_FEATURES = 1 << 12;

export class RandomFourier {
  readonly nFeatures: number;
  readonly count: number;
  readonly gamma: number;
  private readonly seed: Uint8Array;
  private drawn: { frequencies: Matrix; phases: Float64Array } | undefined;

  constructor(nFeatures: number, count: number, gamma: number, seed: Uint8Array) {
    if (!Number.isInteger(count) || count < 1 || count > MOST_FEATURES) {
      throw new ParameterError(`count is ${count}; needs an integer from 1 to ${MOST_FEATURES}`);
    }
    if (!(gamma >= 1e-12 && gamma <= 1e6)) throw new ParameterError(`gamma is ${gamma}; needs a number from 1e-12 to 1e6`);
    this.nFeatures = nFeatures;
    this.count = count;
    this.gamma = gamma;
    this.seed = seed;
  }

  static from(described: unknown, nFeatures: number, seed: Uint8Array): RandomFourier {
    if (isObject(described)) requireKnown("feature map", described["name"], ["fourier"]);
    if (!isObject(described) || described["name"] !== "fourier") {
      throw new ParameterError("a feature map has the name 'fourier', with count and gamma");
    }
    const unknown = Object.keys(described).find((name) => !["name", "count", "gamma"].includes(name));
    if (unknown !== undefined) throw new ParameterError(`feature map fourier has no parameter '${unknown}'`);
    const [count, gamma] = [described["count"] ?? 512, described["gamma"] ?? 0.01];
    if (typeof count !== "number" || typeof gamma !== "number") throw new ParameterError("count and gamma are numbers");
    return new RandomFourier(nFeatures, count, gamma, seed);
  }

  /** How long a mapped row usually is. */
  get usualNorm(): number {
    return Math.sqrt(this.count);
  }

  transform(row: Float64Array): Float64Array {
    const { frequencies, phases } = (this.drawn ??= this.draw());
    const turns = product(new Matrix(1, row.length, row), frequencies);
    return Float64Array.from(turns.data, (turn, place) => Math.sqrt(2) * cosine(turn + (phases[place] ?? 0)));
  }

  /** Normals of variance 2 gamma, (n_features, count), by Box and Muller; phases; both in turns. */
  private draw(): { frequencies: Matrix; phases: Float64Array } {
    const { nFeatures, count, gamma } = this;
    const pairs = Math.ceil((nFeatures * count) / 2);
    const stream = createHash("shake256", { outputLength: 8 * (2 * pairs + count) })
      .update(`openmined/fourier/1/${nFeatures}/${count}/`)
      .update(this.seed)
      .digest();
    const uniform = (place: number): number => (Number(stream.readBigUInt64LE(8 * place) >> 11n) + 0.5) * 2 ** -53;
    const width = Math.sqrt(2 * gamma) / TURN;
    const normals = new Float64Array(nFeatures * count);
    for (let place = 0; place < pairs; place += 1) {
      const radius = Math.sqrt(-2 * logarithm(uniform(place)));
      const turn = uniform(pairs + place);
      normals[place] = radius * cosine(turn) * width;
      if (pairs + place < normals.length) normals[pairs + place] = radius * cosine(turn - 0.25) * width;
    }
    const phases = Float64Array.from({ length: count }, (_, place) => uniform(2 * pairs + place));
    return { frequencies: new Matrix(nFeatures, count, normals), phases };
  }
}
