/** The HTML of the Studio page. Its content security policy allows only our own script and style. */
import type { Language } from '../../common/l10n';

export interface PageAddresses {
  /** URLs that the webview may load. */
  script: string;
  style: string;
  /** The webview's own source, for the policy. */
  source: string;
  nonce: string;
  language: Language;
}

export function studioHtml({ script, style, source, nonce, language }: PageAddresses): string {
  // img-src data: the chart is drawn as an image when it is saved as PNG. The nonce for styles: the component library
  // tests the features of the browser with an empty style sheet.
  const policy = `default-src 'none'; style-src ${source} 'nonce-${nonce}'; script-src 'nonce-${nonce}'; img-src data:; base-uri 'none'; form-action 'none'`;
  // Data that a browser never executes; a "<" in it could still end the block.
  const data = JSON.stringify(language).replaceAll('<', '\\u003c');
  return `<!DOCTYPE html>
<html lang="${/^[\w-]+$/.test(language.tag) ? language.tag : 'en'}">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1.0">
<link rel="stylesheet" href="${style}">
<title>Inkling Studio</title>
</head>
<body>
<main id="studio"></main>
<script nonce="${nonce}" type="application/json" id="language">${data}</script>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
