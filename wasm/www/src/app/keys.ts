/** The keyboard: what each key does is listed in `help.ts`. */
import { type Lab, SPEEDS } from '../lab/lab.ts';
import { choose, commands } from '../lab/orders.view.ts';
import type { Tour } from '../lab/tour.ts';

export function keysOf(lab: Lab, tour: Tour, isOn: () => boolean): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || document.querySelector('dialog[open]'))
      return;
    if (event.key === '?') return document.querySelector('dialog')?.showModal();
    if (!isOn() || isTyping(event.target)) return;
    if (!isPressed(event.target, event.key) && press(lab, tour, event.key)) event.preventDefault();
  };
}

/** Whether the key meant something. */
function press(lab: Lab, tour: Tour, key: string): boolean {
  switch (key) {
    case ' ':
      lab.toggle();
      return true;
    case 'ArrowRight':
      void lab.step();
      return true;
    case 'ArrowLeft':
      void lab.seek(lab.at - 1);
      return true;
    case 'Home':
      void lab.seek(0);
      return true;
    case 'End':
      void lab.seek(lab.length);
      return true;
    case '+':
    case '-':
      lab.setSpeed(nextSpeed(lab.speed, key === '+' ? 1 : -1));
      return true;
    case 'n':
      if (tour.step !== undefined) void tour.go(tour.step + 1, true);
      return true;
    case 't':
      void tour.go(0, true);
      return true;
    case 'Escape':
      if (tour.step !== undefined) tour.close();
      return true;
    default:
      return ask(lab, key);
  }
}

function ask(lab: Lab, key: string): boolean {
  if (/^[1-9]$/.test(key)) {
    choose(lab, Number(key) - 1);
    return true;
  }
  const command = lab.scene && commands(lab, lab.scene).find((command) => command.key === key);
  if (!command?.can) return false;
  void command.run();
  return true;
}

function nextSpeed(speed: number, by: number): number {
  const nth = SPEEDS.findIndex((known) => known === speed);
  return SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, nth + by))] ?? speed;
}

/** Keys that a control needs for itself are left to it. */
function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox';
  return target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement;
}

/** The space bar presses a button that has the focus. */
function isPressed(target: EventTarget | null, key: string): boolean {
  const presses = key === ' ' || key === 'Enter';
  return (
    presses && target instanceof Element && target.closest('button, a, summary, input') !== null
  );
}
