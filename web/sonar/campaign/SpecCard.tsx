import { count, percent } from "../../shared/format/numbers";
import { Loading } from "../../shared/ui/States";
import { Amount, Foreign } from "../../shared/ui/words";
import type { Campaign } from "../api";
import type { Spec } from "./spec";
import { encryptionOf, kindOf, metricOf, modelOf, weiPerPoint } from "./words";

/** The spec and the terms in plain words. */
export function SpecCard(props: { spec: Spec | undefined; campaign: Campaign }) {
  const { spec, campaign } = props;
  const { terms, asset } = campaign;
  return (
    <section className="card prose" aria-labelledby="spec">
      <h2 id="spec">What is asked for</h2>
      {spec === undefined ? (
        <Loading what="the spec" />
      ) : (
        <>
          <p>
            Predict <strong><Foreign text={spec.label.name} most={60} /></strong> (<Foreign text={kindOf(spec.label)} most={160} />) with {modelOf(spec)}.
            It is measured by {metricOf(spec)} on {count(spec.rows)} records that only Capsule can open.
          </p>
          <h3>Each record has</h3>
          <ul className="fields">
            {spec.fields.slice(0, 12).map((field) => (
              <li key={field.name}>
                <strong><Foreign text={field.name} most={60} /></strong>, <Foreign text={kindOf(field)} most={160} />
              </li>
            ))}
          </ul>
          {spec.fields.length > 12 && (
            <details>
              <summary>{count(spec.fields.length - 12)} more fields</summary>
              <ul className="fields">
                {spec.fields.slice(12, 300).map((field) => (
                  <li key={field.name}>
                    <strong><Foreign text={field.name} most={60} /></strong>, <Foreign text={kindOf(field)} most={160} />
                  </li>
                ))}
              </ul>
              {spec.fields.length > 300 && <p className="hint">and {count(spec.fields.length - 300)} more, in the spec itself.</p>}
            </details>
          )}
        </>
      )}
      <h3>What it pays</h3>
      <p>
        Each percentage point pays <Amount wei={weiPerPoint(BigInt(terms.bounty), terms.target, campaign.start, terms.gap_basis).toString()} asset={asset} />, from{" "}
        {percent(terms.min_gain)} of gain on. A submission puts down <Amount wei={terms.stake} asset={asset} />, which comes back unless it cannot be used, and a fee of{" "}
        <Amount wei={terms.fee} asset={asset} /> for Capsule.
      </p>
      {spec && (
        <>
          <h3>What is protected</h3>
          <p>
            The model travels encrypted ({encryptionOf(spec)}).{" "}
            {spec.privacyFloor ? `Each gradient must state a privacy of epsilon ${spec.privacyFloor.epsilon} or less.` : "How much noise a gradient carries is the data owner's own choice."}
          </p>
        </>
      )}
    </section>
  );
}
