import swaggerUiStyle from "swagger-ui-dist/swagger-ui.css" with { type: "file" };
import swaggerUiBundle from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };
import consoleStyle from "./pages/console.css" with { type: "file" };
import consolePage from "./pages/console.html" with { type: "file" };
import consoleScript from "./pages/console.txt" with { type: "file" };
import icon from "./pages/icon.svg" with { type: "file" };
import swaggerPage from "./pages/swagger.html" with { type: "file" };
import swaggerScript from "./pages/swagger-start.txt" with { type: "file" };

interface Page {
  readonly path: string;
  readonly contentType: string;
}

const HTML = "text/html; charset=utf-8";
const CSS = "text/css; charset=utf-8";
const JAVASCRIPT = "text/javascript; charset=utf-8";

/**
 * The files for a browser are inside the binary, because an appliance may have no Internet. `/swagger` replaces the
 * page of the swagger plugin, which loads its scripts from a CDN. The page shows the plugin's `/swagger/json`.
 *
 * The scripts are `.txt` files, so that bundler and type checker do not treat them as server modules.
 * @internal
 */
export const PAGES: ReadonlyMap<string, Page> = new Map<string, Page>([
  ["/", { path: file(consolePage), contentType: HTML }],
  ["/swagger", { path: file(swaggerPage), contentType: HTML }],
  ["/assets/console.css", { path: consoleStyle, contentType: CSS }],
  ["/assets/console.js", { path: file(consoleScript), contentType: JAVASCRIPT }],
  ["/assets/icon.svg", { path: icon, contentType: "image/svg+xml" }],
  ["/assets/swagger-ui.css", { path: swaggerUiStyle, contentType: CSS }],
  ["/assets/swagger-ui.js", { path: swaggerUiBundle, contentType: JAVASCRIPT }],
  ["/assets/swagger-start.js", { path: file(swaggerScript), contentType: JAVASCRIPT }],
]);

/** Bun's typings know `.html` and `.txt` imports by other attributes; with `type: "file"` they are paths. */
function file(imported: unknown): string {
  if (typeof imported !== "string") throw new TypeError(`an embedded page is ${typeof imported}, not a path`);
  return imported;
}

/** A browser may load only resources of this listener. Swagger UI needs inline styles. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy":
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-cache",
};

/** The page at this path, or undefined. */
export async function servePage(pathname: string): Promise<Response | undefined> {
  const page = PAGES.get(pathname);
  if (page === undefined) return undefined;
  // The file is read, not streamed: a Bun.file response handles Range itself and adds headers.
  const bytes = await Bun.file(page.path).bytes();
  return new Response(bytes, { headers: { ...SECURITY_HEADERS, "Content-Type": page.contentType } });
}
