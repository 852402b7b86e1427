import { useState } from "react";

const CHOICES = ["auto", "light", "dark"] as const;
type Choice = (typeof CHOICES)[number];
const NAMES: Record<Choice, string> = { auto: "System theme", light: "Light", dark: "Dark" };
const KEPT_AS = "openmined-theme";

/** What the reader chose before, put into effect. Called once, before the first drawing. */
export function restoreTheme(): void {
  put(kept());
}

/** A select of three themes; the choice stays in this browser. */
export function ThemeSwitch() {
  const [chosen, choose] = useState<Choice>(kept);
  return (
    <label className="theme">
      <span className="hidden">Colours</span>
      <select
        value={chosen}
        onChange={(event) => {
          const next = known(event.target.value);
          choose(next);
          put(next);
          keep(next);
        }}
      >
        {CHOICES.map((one) => (
          <option key={one} value={one}>
            {NAMES[one]}
          </option>
        ))}
      </select>
    </label>
  );
}

function known(value: string | null): Choice {
  return CHOICES.find((one) => one === value) ?? "auto";
}

function put(choice: Choice): void {
  if (choice === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = choice;
}

function kept(): Choice {
  try {
    return known(localStorage.getItem(KEPT_AS));
  } catch {
    return "auto"; // storage is switched off
  }
}

function keep(choice: Choice): void {
  try {
    localStorage.setItem(KEPT_AS, choice);
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
  }
}
