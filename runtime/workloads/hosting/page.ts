/** One style for all pages: no scripts, fonts or images, so that the strictest policy serves them. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #14213d; --paper: #f7f5f0; --card: #fff; --line: #e3dfd5; --mark: #1b7f5c; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eef1f6; --paper: #10151f; --card: #182030; --line: #2a3446; --mark: #5fd3a6; }
}
* { box-sizing: border-box; margin: 0; }
body { min-height: 100vh; display: grid; grid-template-rows: 1fr auto; place-items: center; padding: 2rem;
  background: var(--paper); color: var(--ink); font: 1.0625rem/1.6 ui-sans-serif, system-ui, sans-serif; }
main { width: min(34rem, 100%); padding: 3rem 2.5rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 1.25rem; text-align: center; }
svg { width: 3.5rem; height: 3.5rem; color: var(--mark); }
h1 { margin: 1rem 0 .5rem; font-size: clamp(1.4rem, 5vw, 2.1rem); line-height: 1.2; overflow-wrap: anywhere; }
p { opacity: .8; }
footer { margin-top: 2rem; font-size: .875rem; opacity: .65; }
`;

const LOCK = `<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" aria-hidden="true"><rect x="4.5" y="10.5" width="15" height="10" rx="2.5"/><path d="M8 10.5V7a4 4 0 0 1 8 0v3.5M12 14.5v2"/></svg>`;

/** The page of a domain that is served: names it, and says how. */
export function welcomePage(host: string, platformName: string): string {
  return page(host, platformName, `${LOCK}<h1>${asText(host)}</h1><p>This domain is served over HTTPS.</p>`);
}

export function notFoundPage(host: string, platformName: string): string {
  const body = `<h1>Nothing here</h1><p>There is no such page at <a href="/">${asText(host)}</a>.</p>`;
  return page(`Nothing here · ${host}`, platformName, body);
}

function page(title: string, platformName: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${asText(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>${body}</main>
<footer>${asText(platformName)}</footer>
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function asText(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
