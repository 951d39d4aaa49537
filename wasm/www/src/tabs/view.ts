import { html, type TemplateResult } from 'lit-html';
export class TabsView {
  readonly changed: () => void;
  constructor(changed: () => void) {
    this.changed = changed;
  }
  open(): void {
    /* soon */
  }
  paint(): void {
    /* soon */
  }
  view(): TemplateResult {
    return html`<main></main>`;
  }
}
