import "../shared/ui/theme.css";
import "./mine.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { restoreTheme } from "../shared/ui/ThemeSwitch";
import { Pages } from "./Pages";
import { enter } from "./session";

restoreTheme();
void enter();
// Another link opened in the same tab changes only what stands behind "#".
window.addEventListener("hashchange", () => void enter());
const page = document.getElementById("page");
if (page === null) throw new Error("index.html has no #page");
createRoot(page).render(
  <StrictMode>
    <Pages />
  </StrictMode>,
);
