// What ESLint looks for beyond types: names that are unknown or unused, and code that cannot mean what it says.

import js from "@eslint/js"
import globals from "globals"

export default [
  js.configs.recommended,
  {
    rules: {
      "eqeqeq": ["error", "always", { null: "ignore" }],
      "no-unused-vars": ["error", { args: "after-used" }],
      "no-shadow": "error",
      "no-var": "error",
      "prefer-const": "error",
      "prefer-template": "error",
      "semi": ["error", "never"],
    },
  },
  { files: ["ui/**/*.js", "cam/**/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["tests/**/*.js", "*.js"], languageOptions: { globals: globals.node } },
]
