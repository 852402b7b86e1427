/** The owner's budget: how much all releases together may tell of one record, and what one release may. */
import { PrivacyError } from "../errors.ts";
import { epsilonAt, requireDelta, rhoFor } from "./accounting.ts";
import type { Fraction } from "./fraction.ts";

export const DEFAULTS = { epsilon: 10, price: 3, delta: 1e-6 } as const;

export class Budget {
  readonly epsilon: number;
  readonly price: number;
  readonly delta: number;

  constructor(epsilon: number = DEFAULTS.epsilon, price: number = DEFAULTS.price, delta: number = DEFAULTS.delta) {
    this.epsilon = epsilon;
    this.price = price;
    this.delta = requireDelta(delta);
    if (price > epsilon) throw new PrivacyError(`privacy_price is ${price}; needs at most privacy_budget, which is ${epsilon}`);
    if (!(price > 0 && epsilon <= 1e5)) throw new PrivacyError(`epsilon is ${epsilon}; needs a number above 0, up to 100000`);
  }

  /** The budget as rho. */
  get limit(): Fraction {
    return rhoFor(this.epsilon, this.delta);
  }

  /** The price as rho. */
  get priceRho(): Fraction {
    return rhoFor(this.price, this.delta);
  }

  /** A cost as epsilon at this budget's delta. */
  shown(rho: Fraction): number {
    return epsilonAt(rho, this.delta);
  }

  /** What a release may cost if a campaign asks for (epsilon, delta) at most: the price, or less. */
  forFloor(epsilon: number, delta: number): Fraction {
    if (delta <= 0) {
      throw new PrivacyError("the campaign asks for privacy with delta 0; Gaussian noise, this mine's, has one above 0");
    }
    const asked = rhoFor(epsilon, delta);
    return asked.compare(this.priceRho) < 0 ? asked : this.priceRho;
  }
}
