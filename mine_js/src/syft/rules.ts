/** Training rules: each turns a mine's quadratic problem into one affine map. */
import { NotInMineJsError, ParameterError, requireKnown } from "../errors.ts";
import { isObject } from "../protocol/canonical_json.ts";
import { AffineMap } from "./affine.ts";
import { Matrix } from "./matrix.ts";

/**
 * f(W) = curvature / (2 n) ||X W||^2 - <X W, T> / n + l2 / 2 ||P W||^2, P without the bias: what a rule may ask,
 * however much of it is known.
 */
export interface Quadratic {
  /** curvature X'X / n + (penalty + l2) P, (d, d). */
  hessian(l2: number): Matrix;
  /** X'T / n, (d, k). */
  pull(): Matrix;
  /** How far to go along the gradient; null asks for 1/L. */
  stepSize(hessian: Matrix, wanted: number | null): number;
}

export interface Rule {
  readonly name: string;
  /** All parameters by name, as a spec holds them. */
  readonly parameters: Readonly<Record<string, number | string | null>>;
  visit(problem: Quadratic): AffineMap;
}

interface Range {
  readonly least: number;
  readonly most: number;
  readonly usual: number | null;
  readonly whole?: boolean;
}

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
    return { name, parameters, visit: (problem) => descent(problem, number("l2"), values["learning_rate"] ?? null, number("steps"), number("damping")) };
  }
  if (name === "proximal" && number("l2") > number("rho")) {
    throw new ParameterError(`l2 is ${number("l2")} with rho ${number("rho")}; needs l2 up to rho`);
  }
  if (name === "proximal") {
    return { name, parameters, visit: (problem) => proximal(problem, number("rho"), number("l2"), number("damping")) };
  }
  return {
    name: "mini_batch",
    parameters,
    visit: () => {
      throw new NotInMineJsError("Mine.js does not train by the rule mini_batch; run mine-agent for this campaign");
    },
  };
}

function checked(name: string, value: unknown, range: Range): number | null {
  if (value === null && range.usual === null) return null;
  const fits = typeof value === "number" && value >= range.least && value <= range.most;
  if (!fits || (range.whole === true && !Number.isInteger(value))) {
    const kind = range.whole === true ? "an integer" : "a number";
    throw new ParameterError(`${name} is ${String(value)}; needs ${kind} from ${range.least} to ${range.most}`);
  }
  return value;
}

function descent(problem: Quadratic, l2: number, wanted: number | null, steps: number, damping: number): AffineMap {
  const hessian = problem.hessian(l2);
  const rate = problem.stepSize(hessian, wanted);
  const A = hessian.map((value, row, column) => (row === column ? 1 : 0) - rate * value);
  return new AffineMap(A, problem.pull().scaled(rate)).repeated(steps).damped(damping);
}

/** (H + rho I)^-1 (rho W + pull), by elimination with pivots. */
function proximal(problem: Quadratic, rho: number, l2: number, damping: number): AffineMap {
  const hessian = problem.hessian(l2);
  const pull = problem.pull();
  const size = hessian.rows;
  const left = hessian.map((value, row, column) => value + (row === column ? rho : 0));
  const right = new Matrix(size, size + pull.columns);
  for (let i = 0; i < size; i += 1) {
    right.set(i, i, rho);
    for (let j = 0; j < pull.columns; j += 1) right.set(i, size + j, pull.at(i, j));
  }
  solve(left, right);
  const part = (from: number, width: number): Matrix => new Matrix(size, width).map((_, row, column) => right.at(row, from + column));
  return new AffineMap(part(0, size), part(size, pull.columns)).damped(damping);
}

function solve(left: Matrix, right: Matrix): void {
  const size = left.rows;
  for (let column = 0; column < size; column += 1) {
    let pivot = column;
    for (let row = column + 1; row < size; row += 1) {
      if (Math.abs(left.at(row, column)) > Math.abs(left.at(pivot, column))) pivot = row;
    }
    for (const matrix of [left, right]) swapRows(matrix, pivot, column);
    for (let row = 0; row < size; row += 1) {
      if (row === column) continue;
      const factor = left.at(row, column) / left.at(column, column);
      if (factor === 0) continue;
      for (const matrix of [left, right]) {
        for (let j = 0; j < matrix.columns; j += 1) matrix.set(row, j, matrix.at(row, j) - factor * matrix.at(column, j));
      }
    }
  }
  for (let row = 0; row < size; row += 1) {
    for (let j = 0; j < right.columns; j += 1) right.set(row, j, right.at(row, j) / left.at(row, row));
  }
}

function swapRows(matrix: Matrix, one: number, other: number): void {
  if (one === other) return;
  for (let j = 0; j < matrix.columns; j += 1) {
    const kept = matrix.at(one, j);
    matrix.set(one, j, matrix.at(other, j));
    matrix.set(other, j, kept);
  }
}
