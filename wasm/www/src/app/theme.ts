/** Dark or light: as the system says, until somebody chooses. */
import { forget } from './paint.ts';

type Theme = 'light' | 'dark';

const KEY = 'shadowvol-theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

/** Applies what was chosen earlier, and follows the system otherwise. */
export function follow(changed: () => void): void {
  const apply = () => {
    document.documentElement.dataset['theme'] = current();
    forget();
    changed();
  };
  dark.addEventListener('change', apply);
  apply();
}

export function current(): Theme {
  const chosen = localStorage.getItem(KEY);
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return dark.matches ? 'dark' : 'light';
}

export function toggle(): void {
  const next = current() === 'dark' ? 'light' : 'dark';
  // What the system says is followed again when it is chosen.
  if (next === (dark.matches ? 'dark' : 'light')) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, next);
  document.documentElement.dataset['theme'] = next;
  forget();
}
