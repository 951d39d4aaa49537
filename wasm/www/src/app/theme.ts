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
  return chosen() ?? system();
}

export function toggle(): void {
  const next = current() === 'dark' ? 'light' : 'dark';
  // What the system says is followed again when it is chosen.
  choose(next === system() ? undefined : next);
  document.documentElement.dataset['theme'] = next;
  forget();
}

function system(): Theme {
  return dark.matches ? 'dark' : 'light';
}

/** What was chosen where nothing can be kept. */
let kept: Theme | undefined;

function chosen(): Theme | undefined {
  try {
    const found = localStorage.getItem(KEY);
    return found === 'light' || found === 'dark' ? found : kept;
  } catch {
    return kept;
  }
}

function choose(theme: Theme | undefined): void {
  kept = theme;
  try {
    if (theme) localStorage.setItem(KEY, theme);
    else localStorage.removeItem(KEY);
  } catch {
    // A page that may keep nothing keeps the choice as long as it is open.
  }
}
