/** The page as it is hosted: files and nothing else, with no header that matters but their types. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The page as `npm run build` leaves it. */
const DIST = fileURLToPath(new URL('../../../dist', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
};

export interface Site {
  readonly url: string;
  close(): void;
}

/** Serves the page below a folder, as on a site that has others, too. */
export async function serve(folder = '/some/where/'): Promise<Site> {
  const site = await host((path) => {
    const file = normalize(path.replace(folder, '/'));
    return readFile(join(DIST, file.endsWith('/') ? 'index.html' : file));
  });
  return { ...site, url: site.url + folder.slice(1) };
}

/** Serves what is found for a path. */
export async function host(find: (path: string) => Promise<string | Buffer>): Promise<Site> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    void find(pathname).then(
      (bytes) => {
        const type = TYPES[extname(pathname) || '.html'] ?? 'application/octet-stream';
        response.writeHead(200, { 'content-type': type }).end(bytes);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}/`, close };
}

/**
 * The package at `/dist/`, its own tests at `/tests/` and the traces at `/faces/`, without a bundler:
 * what a bundler would resolve is replaced in their text.
 */
export async function servePackage(pages: Readonly<Record<string, string>>): Promise<Site> {
  return host(async (path) => {
    const page = pages[path];
    if (page !== undefined) return resolved(page);
    const [, folder = '', name = ''] = /^\/(dist|tests|faces)\/(.*)$/.exec(normalize(path)) ?? [];
    const file = join(WASM, FOLDERS[folder] ?? 'nowhere', name);
    if (extname(file) !== '.js') return readFile(file);
    return resolved(await readFile(file, 'utf8'));
  });
}

function resolved(text: string): string {
  return text
    .replace("'#bytes'", "'/dist/bytes.js'")
    .replaceAll(
      /from 'shadowvol(?:\/(\w+))?'/g,
      (_, entry?: string) => `from '/dist/${entry ?? 'index'}.js'`,
    );
}

const WASM = fileURLToPath(new URL('../../../..', import.meta.url));
const FOLDERS: Readonly<Record<string, string>> = {
  dist: 'dist',
  tests: 'dist-tests/tests',
  faces: '../core/tests/faces',
};
