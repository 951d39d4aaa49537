/** The examples of the README are run as they stand. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const examples = [...README.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code ?? '');

test('the README has examples', () => assert.equal(examples.length, 3));

for (const [nth, code] of examples.entries()) {
  test(`example ${nth + 1} runs`, async (context) => {
    const said: unknown[][] = [];
    context.mock.method(console, 'log', (...words: unknown[]) => said.push(words));
    const folder = new URL('./examples/', import.meta.url);
    mkdirSync(folder, { recursive: true });
    const file = new URL(`example${nth}.js`, folder);
    writeFileSync(file, code);
    await import(file.href);
    if (nth === 0) assert.deepEqual(said, [['first', [{ offset: 0, length: 4096 }]]]);
    else if (nth === 1)
      assert.deepEqual(said, [['sold: tea'], ['application-consistent', ['shop']]]);
    else assert.match(String(said.at(-1)), /copy reads as/);
  });
}
