/** Training rules: each turns a mine's quadratic problem into one affine map. */
import { ParameterError, requireKnown } from "../errors.ts";
import { isObject } from "../protocol/canonical_json.ts";
import { pythonFloat } from "../wording.ts";
import { AffineMap } from "./affine.ts";
import { solved } from "./arithmetic/elimination.ts";
import { product } from "./arithmetic/product.ts";
import { Matrix } from "./matrix.ts";
import { type FewRows, thinSteps } from "./thin.ts";

/**
 * f(W) = curvature / (2 n) ||X W||^2 - <X W, T> / n + l2 / 2 ||P W||^2, P without the bias: what a rule may ask,
 * however much of it is known.
 */
export interface Quadratic {
  /** (d, k), the shape of the weights. */
  readonly shape: readonly [number, number];
  /** How many records there are, or about how many; 1 or more. */
  readonly rows: number;
  /** The records themselves where they are fewer than inputs, else undefined. */
  few(): FewRows | undefined;
  /** curvature X'X / n + (penalty + l2) P, (d, d). */
  hessian(l2: number): Matrix;
  /** X'T / n, (d, k). */
  pull(): Matrix;
  /** How far to go along the gradient; null asks for 1/L. */
  stepSize(hessian: Matrix, wanted: number | null): number;
  /** One epoch's steps, `size` records at a time, in an order of its own. */
  batches(size: number, seed: number, epoch: number): Iterable<Quadratic>;
}

export interface Rule {
  readonly name: string;
  /** All parameters by name, as a spec holds them. */
  readonly parameters: Readonly<Record<string, number | string | null>>;
  /** Whether it goes through the records themselves, in an order of its own: sums over them are not enough. */
  readonly needsRows: boolean;
  visit(problem: Quadratic): AffineMap;
}

interface Range {
  readonly least: number;
  readonly most: number;
  readonly usual: number | null;
  readonly whole?: boolean;
}

const MOST_STEPS = 100_000;
/** Steps times columns^3: each step decomposes and multiplies such matrices. */
const MOST_WORK = 4e12;
const DAMPING = { least: 1e-6, most: 1, usual: 1 };
const RATE = { least: 1e-12, most: 1e6, usual: null };
const RANGES: Readonly<Record<string, Readonly<Record<string, Range>>>> = {
  gradient_descent: {
    damping: DAMPING,
    l2: { least: 0, most: 1e6, usual: 1e-3 },
    learning_rate: RATE,
    steps: { least: 1, most: 1_000_000, usual: 50, whole: true },
  },
  mini_batch: {
    batch: { least: 1, most: 1_000_000, usual: 32, whole: true },
    damping: DAMPING,
    epochs: { least: 1, most: 10_000, usual: 5, whole: true },
    l2: { least: 0, most: 1e6, usual: 1e-3 },
    learning_rate: RATE,
    seed: { least: 0, most: Number.MAX_SAFE_INTEGER, usual: 0, whole: true },
  },
  proximal: {
    damping: DAMPING,
    l2: { least: 0, most: 1e6, usual: 0 },
    rho: { least: 1e-3, most: 1e9, usual: 0.01 },
  },
};

/** The rule that {"name": ..., <parameter>: ...} describes; left-out parameters take their defaults. */
export function ruleFrom(described: unknown): Rule {
  if (!isObject(described)) throw new ParameterError("a rule is a mapping with a name");
  const { name, ...given }: Record<string, unknown> = { name: "gradient_descent", ...described };
  const ranges = typeof name === "string" && Object.hasOwn(RANGES, name) ? RANGES[name] : undefined;
  if (ranges === undefined) {
    requireKnown("rule", name, Object.keys(RANGES));
    throw new ParameterError(`there is no rule '${String(name)}'; choose one of ${Object.keys(RANGES).join(", ")}`);
  }
  const values: Record<string, number | null> = {};
  for (const [parameter, range] of Object.entries(ranges)) {
    values[parameter] = checked(parameter, Object.hasOwn(given, parameter) ? given[parameter] : range.usual, range);
  }
  const unknown = Object.keys(given).find((parameter) => !Object.hasOwn(ranges, parameter));
  if (unknown !== undefined) {
    throw new ParameterError(`rule ${String(name)} has no parameter '${unknown}'; it has ${Object.keys(ranges).join(", ")}`);
  }
  const number = (parameter: string): number => values[parameter] ?? 0;
  const parameters = { name: String(name), ...values };
  if (name === "gradient_descent") {
    return { name, parameters, needsRows: false, visit: (problem) => descent(problem, number("l2"), values["learning_rate"] ?? null, number("steps"), number("damping")) };
  }
  if (name === "proximal" && number("l2") > number("rho")) {
    throw new ParameterError(`l2 is ${number("l2")} with rho ${number("rho")}; needs l2 up to rho`);
  }
  if (name === "proximal") {
    return { name, parameters, needsRows: false, visit: (problem) => proximal(problem, number("rho"), number("l2"), number("damping")) };
  }
  const batch = { size: number("batch"), epochs: number("epochs"), seed: number("seed") };
  return { name: "mini_batch", parameters, needsRows: true, visit: (problem) => miniBatch(problem, batch, number("l2"), values["learning_rate"] ?? null, number("damping")) };
}

function checked(name: string, value: unknown, range: Range): number | null {
  if (value === null && range.usual === null) return null;
  const fits = typeof value === "number" && value >= range.least && value <= range.most;
  if (!fits || (range.whole === true && !Number.isInteger(value))) {
    const kind = range.whole === true ? "an integer" : "a number";
    const float = (bound: number): string => (range.whole === true ? String(bound) : pythonFloat(bound));
    const found = typeof value === "number" && !Number.isInteger(value) ? pythonFloat(value) : String(value);
    throw new ParameterError(`${name} is ${found}; needs ${kind} from ${float(range.least)} to ${float(range.most)}`);
  }
  return value;
}

function descent(problem: Quadratic, l2: number, wanted: number | null, steps: number, damping: number): AffineMap {
  const few = problem.few();
  if (few !== undefined) return thinSteps(few, l2, wanted, steps, damping);
  const hessian = problem.hessian(l2);
  const rate = problem.stepSize(hessian, wanted);
  const A = hessian.map((value, row, column) => (row === column ? 1 : 0) - rate * value);
  return new AffineMap(A, problem.pull().scaled(rate)).repeated(steps).damped(damping);
}

/** The maps of the batches one after another; each takes a step size of its own. */
function miniBatch(
  problem: Quadratic, { size, epochs, seed }: { size: number; epochs: number; seed: number }, l2: number, wanted: number | null, damping: number,
): AffineMap {
  const [d, k] = problem.shape;
  const steps = epochs * Math.ceil(problem.rows / size);
  if (steps > MOST_STEPS) throw new ParameterError(`${epochs} epochs of ${problem.rows} rows by ${size} are ${steps} steps; at most ${MOST_STEPS} are allowed`);
  if (steps * d ** 3 > MOST_WORK) throw new ParameterError(`${steps} steps with ${d} columns; at most ${Math.floor(MOST_WORK / d ** 3)} are allowed`);
  let [A, c] = [Matrix.identity(d), new Matrix(d, k)];
  let last: { step: Quadratic; hessian: Matrix; pull: Matrix; rate: number } | undefined;
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    for (const step of problem.batches(size, seed, epoch)) {
      if (last?.step !== step) {
        const hessian = step.hessian(l2);
        last = { step, hessian, pull: step.pull(), rate: step.stepSize(hessian, wanted) };
      }
      const { hessian, pull, rate } = last;
      A = A.plus(product(hessian, A).scaled(-rate));
      c = c.plus(pull.plus(product(hessian, c).scaled(-1)).scaled(rate));
    }
  }
  return new AffineMap(A, c).damped(damping);
}

/** (H + rho I)^-1 (rho W + pull). */
function proximal(problem: Quadratic, rho: number, l2: number, damping: number): AffineMap {
  const hessian = problem.hessian(l2);
  const pull = problem.pull();
  const size = hessian.rows;
  const left = hessian.map((value, row, column) => (row === column ? value + rho : value));
  const right = new Matrix(size, size + pull.columns).map((_, row, column) => (column < size ? (row === column ? rho : 0) : pull.at(row, column - size)));
  const found = solved(left, right);
  const part = (from: number, width: number): Matrix => new Matrix(size, width).map((_, row, column) => found.at(row, from + column));
  return new AffineMap(part(0, size), part(size, pull.columns)).damped(damping);
}
