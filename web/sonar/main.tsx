import "../shared/ui/theme.css";
import "./sonar.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { restoreTheme } from "../shared/ui/ThemeSwitch";
import { enter } from "./account";
import { Pages } from "./Pages";

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
