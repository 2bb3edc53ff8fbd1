// Who may import whom is a rule of the house (ARCHITECTURE.md), so lint enforces it.
import js from '@eslint/js';
import ts from 'typescript-eslint';

/** Forbids imports whose path matches, with the reason shown. */
const forbid = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });
const noVscode = { regex: '^vscode$', message: 'Only src/extension may import vscode.' };
const noRoom = (names, message) => ({ regex: `(^|/)(${names})(/|$)`, message });

export default ts.config(
  { ignores: ['dist/**', 'out/**', '.vscode-test/**', '.cache/**', 'test-output/**', 'src/engine/kernels/**'] },
  js.configs.recommended,
  ...ts.configs.recommended,
  {
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: 'Use a seeded generator.' }],
      eqeqeq: 'error',
      'no-duplicate-imports': 'error',
      'prefer-const': 'error',
    },
  },
  {
    // Rules that need types. The rooms have a tsconfig each, the benchmarks that of the tests.
    files: ['src/*/**/*.ts', 'test/**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['test/unit/**', 'test/integration/suite/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'NewExpression[callee.name="Promise"] CallExpression[callee.name="setTimeout"][arguments.0.name="resolve"], CallExpression[callee.property.name="waitForTimeout"]',
          message:
            'A test waits for what it needs (test/support/eventually.ts) or uses a fake clock, not for a fixed time.',
        },
      ],
    },
  },
  {
    files: ['src/common/**'],
    rules: forbid(
      noVscode,
      { regex: '^node:', message: 'common runs on the page, too, which has no Node.' },
      noRoom('extension|webview|engine', 'common imports nothing of the other rooms.'),
    ),
  },
  {
    files: ['src/engine/**'],
    rules: forbid(noVscode, noRoom('extension|webview', 'The engine knows nothing of the editor.')),
  },
  {
    files: ['src/engine/**'],
    ignores: ['src/engine/backends/**'],
    rules: forbid(noVscode, noRoom('extension|webview', 'The engine knows nothing of the editor.'), {
      regex: '/backends/(?!backend$)',
      message: 'Other rooms see backends only through backends/backend.ts and backends/index.ts.',
    }),
  },
  { files: ['src/extension/**'], rules: forbid(noRoom('engine|webview', 'The extension sees only common.')) },
  {
    files: ['src/extension/**'],
    ignores: ['src/extension/messages.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'MemberExpression[property.name=/^(show(Information|Warning|Error)Message|showQuickPick|withProgress)$/]',
          message: 'Notifications and lists go through messages.ts, which makes foreign text harmless in them.',
        },
      ],
    },
  },
  {
    files: ['src/webview/**'],
    rules: forbid(
      noVscode,
      { regex: '^node:', message: 'The page has no Node.' },
      noRoom('engine|extension', 'The page sees only common.'),
    ),
  },
  {
    files: ['**/*.{js,cjs}'],
    languageOptions: {
      globals: {
        require: 'readonly',
        module: 'writable',
        process: 'readonly',
        console: 'readonly',
        __dirname: 'readonly',
        __filename: 'readonly',
        setTimeout: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
      },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        URLSearchParams: 'readonly',
        performance: 'readonly',
        document: 'readonly',
        window: 'readonly',
      },
    },
  },
);
