/** Figures, and how they are written. */
import { html, type TemplateResult } from 'lit-html';

export type Figure = readonly [name: string, value: string, kind?: 'good' | 'bad'];

export function numbersOf(numbers: readonly Figure[]): TemplateResult {
  return html`<dl class="numbers">
    ${numbers.map(
      ([name, value, kind = '']) =>
        html`<div class=${kind} data-number=${name}>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

export function count(number: number): string {
  return number.toLocaleString('en');
}

export function bytes(number: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const nth = number < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(number) / 10));
  return `${(number / 1024 ** nth).toLocaleString('en', { maximumFractionDigits: nth === 0 ? 0 : 1 })} ${units[nth]}`;
}
