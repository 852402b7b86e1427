import { useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { mutate } from "swr";

import { count, plural } from "../../shared/format/numbers";
import { Choice, Input } from "../../shared/ui/Input";
import { Press } from "../../shared/ui/Press";
import { PageHead } from "../../shared/ui/Shell";
import { Notice } from "../../shared/ui/States";
import { useMine } from "../api";
import { change, read } from "../session";
import { useAct } from "../useAct";
import { PreviewCard, type Seen } from "./PreviewCard";

interface Kind {
  readonly kind: string;
  readonly about: string;
  readonly options: Readonly<Record<string, string>>;
}

interface Look {
  readonly state: "reading" | "matching" | "seen" | "failed";
  readonly rows_read: number;
  readonly error: string | null;
  readonly preview: Seen | null;
}

const LOOK_EVERY = 300;

/** Name data, see what was understood of them, and only then keep them. */
export function AddPage() {
  const kinds = useMine<readonly Kind[]>("/api/data/kinds");
  const [, go] = useLocation();
  const [name, setName] = useState("");
  const [location, setLocation] = useState("");
  const [kind, setKind] = useState("");
  const [options, setOptions] = useState<Readonly<Record<string, string>>>({});
  const [decimal, setDecimal] = useState("");
  const [unusable, setUnusable] = useState("1 %");
  const [replace, setReplace] = useState(false);
  const [rows, setRows] = useState(0);
  const [seen, setSeen] = useState<{ ticket: string; preview: Seen } | null>(null);
  const looking = useAct(), keeping = useAct();
  const here = useRef(true);
  useEffect(() => {
    here.current = true;
    return () => { here.current = false; };
  }, []);
  const chosen = (kinds.data ?? []).find((one) => one.kind === kind);

  async function look(): Promise<null> {
    setSeen(null);
    setRows(0);
    const given = Object.fromEntries(Object.entries(options).filter(([key, value]) => value !== "" && chosen !== undefined && key in chosen.options));
    const { ticket } = await change<{ ticket: string }>("/api/data/looks", { name, location, kind, options: given, decimal, unusable, replace });
    for (;;) {
      const found = await read<Look>(`/api/data/looks/${ticket}`);
      if (!here.current) return null;
      setRows(found.rows_read);
      if (found.state === "failed") throw new Error(found.error ?? "the data cannot be read");
      if (found.preview !== null) {
        setSeen({ ticket, preview: found.preview });
        return null;
      }
      await new Promise((done) => setTimeout(done, LOOK_EVERY));
    }
  }

  const edited = <T,>(set: (value: T) => void) => (value: T) => {
    set(value);
    setSeen(null); // what was seen is of other answers
  };
  return (
    <>
      <p className="crumbs small"><Link href="/data">Data</Link></p>
      <PageHead title="Add data" windowTitle="Add data – Mine" lead="Nothing is copied. Delete a file and your mine can no longer use it; change it and it is refused until you add it again." />
      <form className="card" onSubmit={(event) => { event.preventDefault(); void looking.act(look); }}>
        <div className="form">
          <Input label="Name" value={name} onChange={edited(setName)} hint="Short, for yourself: a-z, 0-9, - and _" more={{ required: true, autoComplete: "off" }} />
          <Choice label="Kind" value={kind} onChange={edited(setKind)} options={[["", "By the name of the file"], ...(kinds.data ?? []).map((one) => [one.kind, one.kind] as const)]} hint={chosen?.about} />
          <Input label="Place" value={location} onChange={edited(setLocation)} wide hint="A file or folder on this machine, with its whole path, or the place of a database such as sqlite:/home/me/plants.db" more={{ required: true, autoComplete: "off", spellCheck: false }} />
          {chosen && Object.entries(chosen.options).map(([key, about]) => (
            <Input key={key} label={key} value={options[key] ?? ""} onChange={(value) => edited(setOptions)({ ...options, [key]: value })} hint={about} />
          ))}
          <Choice label="Decimal mark in texts" value={decimal} onChange={edited(setDecimal)} options={[["", "Seen from the numbers"], [".", "Point: 1.5"], [",", "Comma: 1,5"]]} />
          <Input label="Records that may be left out" value={unusable} onChange={edited(setUnusable)} hint="Largest share that may be unusable" />
        </div>
        <div className="choices spaced">
          <label><input type="checkbox" checked={replace} onChange={(event) => edited(setReplace)(event.target.checked)} />Replace the data set of this name, if there is one</label>
        </div>
        <div className="row">
          <Press type="submit" className={seen === null ? "first" : undefined} busy={looking.busy}>{looking.busy ? "Looking …" : "Look at the data"}</Press>
          <span role="status">{looking.busy && `${plural(rows, "record")} read so far`}{!looking.busy && seen !== null && `${count(seen.preview.rows)} records were read. Nothing is kept yet.`}</span>
        </div>
      </form>
      {looking.wrong !== null && <div className="spaced"><Notice kind="bad">{looking.wrong}</Notice></div>}
      {seen !== null && (
        <>
          <PreviewCard preview={seen.preview} />
          {keeping.wrong !== null && <Notice kind="bad">{keeping.wrong}</Notice>}
          <div className="save-bar">
            <p>Is this what you meant?</p>
            <Press
              type="button"
              className="first"
              busy={keeping.busy}
              onClick={() => void keeping.act(async () => {
                await change("/api/data", { ticket: seen.ticket, replace });
                await mutate("/api/data");
                go("/data");
                return null;
              })}
            >
              Keep these data
            </Press>
          </div>
        </>
      )}
    </>
  );
}
