import "../shared/ui/theme.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { restoreTheme } from "../shared/ui/ThemeSwitch";
import { Pages } from "./Pages";

restoreTheme();
const page = document.getElementById("page");
if (page === null) throw new Error("index.html has no #page");
createRoot(page).render(
  <StrictMode>
    <Pages />
  </StrictMode>,
);
