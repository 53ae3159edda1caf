import { createHash } from "node:crypto";
import { expect, test } from "@jest/globals";
import { createApp } from "./app.ts";
import { notFoundPage, welcomePage } from "./page.ts";

const app = createApp({ platformName: "Domains & Co" });
const ask = (path: string, method = "GET") =>
  app.fetch(new Request(`https://shop.example.test:8443${path}`, { method }));

test("names its host and the platform, and says that it is served over HTTPS", async () => {
  const response = ask("/?from=mail");
  const page = await response.text();
  expect(response.status).toBe(200);
  expect(page).toContain("<h1>shop.example.test</h1>");
  expect(page).toContain("This domain is served over HTTPS.");
  expect(page).toContain("<footer>Domains &amp; Co</footer>");
});

test("has a 404 page for any other path, and refuses other methods", async () => {
  const response = ask("/missing/<script>");
  expect(response.status).toBe(404);
  expect(await response.text()).toMatch(/Nothing here[^<]*shop\.example\.test/);
  expect([ask("/", "POST").status, ask("/", "POST").headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
});

test("shows a hostile host as text", () => {
  for (const page of [welcomePage, notFoundPage]) {
    expect(page(`"><script>alert('1')</script>&`, "P")).not.toMatch(/<script>|'1'|""/);
  }
  expect(welcomePage("<b>&\"'", "P")).toContain("<h1>&lt;b&gt;&amp;&quot;&#39;</h1>");
});

test("allows its own style and nothing else, and loads nothing from elsewhere", async () => {
  const response = ask("/");
  const page = await response.text();
  const [, style = ""] = /<style>([\s\S]*)<\/style>/.exec(page) ?? [];
  const hash = createHash("sha256").update(style).digest("base64");
  expect(response.headers.get("Content-Security-Policy")).toContain(
    `default-src 'none'; style-src 'sha256-${hash}'`,
  );
  expect(response.headers.get("Strict-Transport-Security")).toBe("max-age=31536000");
  expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
  expect(page).not.toMatch(/https?:\/\/|src=|url\(|@import/);
});
