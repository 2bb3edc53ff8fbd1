// Options of the unit suite; the suites inside VS Code start mocha themselves (test/integration/index.ts).
module.exports = { spec: ['out/test/unit/**/*.test.js'], timeout: 60000, color: false };
