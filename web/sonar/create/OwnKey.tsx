import { useState } from "react";

import { Press } from "../../shared/ui/Press";
import { saidOf } from "../../shared/ui/States";
import { Input } from "../../shared/ui/Input";

const SHORTEST = 12;

export interface Key {
  readonly certificate: Uint8Array;
  readonly saved: boolean;
}

/** Makes the scientist's key in the browser and hands it over as a file, before anything depends on it. */
export function OwnKeyCard(props: { value: Key | null; onChange: (key: Key) => void }) {
  const [passphrase, setPassphrase] = useState("");
  const [again, setAgain] = useState("");
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const short = passphrase.length < SHORTEST, different = passphrase !== again;
  const make = async () => {
    setBusy(true);
    setTrouble(null);
    try {
      const { newOwnKey } = await import("../protocol/sealing");
      const key = await newOwnKey(passphrase);
      download("openmined-key.asc", key.secret);
      setPassphrase("");
      setAgain("");
      props.onChange({ certificate: key.certificate, saved: true });
    } catch (error) {
      setTrouble(saidOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="card" aria-labelledby="key">
      <h2 id="key">3. Your key</h2>
      <div role="status">
        {props.value && (
          <p>
            Your key was made, and <code>openmined-key.asc</code> was given to you as a download. Keep the file and its passphrase: without both, nobody can open the result.
          </p>
        )}
      </div>
      {!props.value && (
        <>
          <p className="soft">The trained model is sealed to this key. It is made in this browser and is never sent anywhere.</p>
          <div className="form spaced">
            <Input label="Passphrase" value={passphrase} onChange={setPassphrase} hint={`At least ${SHORTEST} characters. Nobody can find it again for you.`} wrong={passphrase !== "" && short ? `At least ${SHORTEST} characters.` : undefined} more={{ type: "password", autoComplete: "new-password" }} />
            <Input label="Passphrase again" value={again} onChange={setAgain} wrong={again !== "" && different ? "The two differ." : undefined} more={{ type: "password", autoComplete: "new-password" }} />
          </div>
          <Press disabled={short || different} busy={busy} onClick={() => void make()}>
            {busy ? "Making the key …" : "Make the key and save it"}
          </Press>
          {trouble !== null && <p className="wrong" role="alert">{trouble}</p>}
        </>
      )}
    </section>
  );
}

function download(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "application/pgp-keys" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
