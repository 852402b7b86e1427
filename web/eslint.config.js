import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules"] },
  {
    files: ["**/*.ts", "**/*.tsx"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { "react-hooks": hooks, "jsx-a11y": a11y },
    rules: {
      ...hooks.configs.recommended.rules,
      ...a11y.flatConfigs.strict.rules,
      "max-lines": ["error", { max: 400, skipBlankLines: true }],
      "no-restricted-properties": ["error", { property: "dangerouslySetInnerHTML" }],
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Strangers' strings are text, never HTML." },
        { selector: "JSXAttribute[name.name='style']", message: "Styles are in style sheets; the policy allows no others." },
      ],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  {
    // openpgp's declarations refer to a package that it does not ship, so some of its types are unknown to the linter.
    files: ["sonar/protocol/result.ts", "sonar/protocol/sealing.ts"],
    rules: Object.fromEntries(
      ["no-unsafe-class-instance-assignment", "no-unsafe-return", "no-unsafe-assignment", "no-unsafe-argument"].map((name) => [`@typescript-eslint/${name}`, "off"]),
    ),
  },
);
