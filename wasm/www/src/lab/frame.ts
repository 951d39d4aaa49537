/** What the page and its worker say to each other about a world. */
import type { Action, Answer, Move, Rule, Scenario, SimEvent, ToldEvent } from 'shadowvol/sim';

import type { Hand } from './hand.ts';
import type { Scene } from './scene.ts';

/** What the page asks for; each is answered by one {@link Frame}, or by an error. */
export type Ask =
  /** A world at its beginning, then the moves of a log, and then back to one of them. */
  | { readonly load: { scenario: Scenario; seed: number; log: string; at: number } }
  /** A world at its beginning, with these moves to be made one after the other. */
  | { readonly script: { scenario: Scenario; seed: number; actions: readonly Action[] } }
  /** A world at its beginning, with the moves to be made that a plan leads to. */
  | { readonly plan: { scenario: Scenario; seed: number; phases: readonly Phase[] } }
  | { readonly make: readonly Move[] }
  /**
   * Some moves on: those that there are, then drawn ones, with orders for whoever is idle or not. Who
   * is hurried takes no offence if the scene of a large world is left out.
   */
  | { readonly advance: { moves: number; traffic: boolean; hurried: boolean } }
  /** Orders of the kind that traffic consists of, for the active node. */
  | { readonly burst: true }
  | { readonly seek: number };

/** A part of a plan: a thread goes on until it has taken a step, or until it cannot go on. */
export interface Phase {
  readonly lane: readonly [node: number, thread: number];
  readonly until?: string;
}

/** What has happened in moves behind one and up to another. */
export interface Past {
  readonly behind: number;
  readonly until: number;
  readonly events: readonly ToldEvent[];
}

/** A world after what was asked for. */
export interface Frame {
  /** Nothing if it is left out: the last one will do for a moment. */
  readonly scene: Scene | undefined;
  readonly at: number;
  readonly length: number;
  /** Events and answers of moves behind this one are those in here; older ones are as they were. */
  readonly behind: number;
  readonly events: readonly ToldEvent[];
  readonly answers: readonly Answer[];
  readonly choices: readonly SimEvent[];
  readonly hands: readonly Hand[];
  readonly over: boolean;
  readonly broken: string | null;
  readonly log: string;
}

/** The worlds that are proven, and where each rule is needed. */
export interface Library {
  readonly worlds: readonly { readonly name: string; readonly story: string }[];
  readonly rules: readonly { readonly rule: Rule; readonly world: string }[];
}

export interface Request {
  readonly id: number;
  /** `around` asks for what has happened round the present move, which may be long ago. */
  readonly ask: Ask | 'library' | 'around';
}

export type Reply =
  | { readonly id: number; readonly frame: Frame }
  | { readonly id: number; readonly past: Past }
  | { readonly id: number; readonly library: Library }
  | { readonly id: number; readonly error: string };
