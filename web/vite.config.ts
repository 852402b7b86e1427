import { resolve } from "node:path";

import { defineConfig } from "vite";

/** One build for each surface: `vite build --mode sonar` writes `build/web/sonar`. */
export default defineConfig(({ mode }) => ({
  root: resolve(import.meta.dirname, mode === "test" ? "." : mode),
  publicDir: false as const,
  build: {
    outDir: resolve(import.meta.dirname, "../build/web", mode),
    emptyOutDir: true,
    target: "es2022",
    // Nothing inline: the content security policy allows neither data: nor inline scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    license: { fileName: "licences.md" },
  },
}));
