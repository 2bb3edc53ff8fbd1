/** The frame of the Studio page. The policy allows our own script and style and nothing else. */

export interface PageAddresses {
  /** Addresses that the webview may load. */
  script: string;
  style: string;
  /** The webview's own source, for the policy. */
  source: string;
  nonce: string;
}

export function studioHtml({ script, style, source, nonce }: PageAddresses): string {
  // img-src data: the chart is painted through an image when it is saved as PNG.
  // The nonce for styles: the component library tests with an empty style sheet what the browser can do.
  const policy = `default-src 'none'; style-src ${source} 'nonce-${nonce}'; script-src 'nonce-${nonce}'; img-src data:`;
  return `<!DOCTYPE html>
<html lang="en">
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
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
