/** The bytes of a module beside this one, as a browser gets them. */
export function bytes(url: URL): Promise<Response> {
  return fetch(url);
}
