/**
 * Happenings, newest first, grouped by visit: one person, one purpose, one manner of access, no gap of 30 minutes.
 * Visits come in the order of their last moment. A page knows where the next one starts and which happenings past that
 * point were told already, so that each happening is told in one visit over all pages.
 */
import { createHash } from 'node:crypto';
import type { Happening } from './happening.ts';

export const GAP = 30 * 60_000;
/** Resources that weigh as much as a happening. */
const NAMED = 100;

/** Where a happening stands: newest first, ties by id. */
export interface Place {
  at: number;
  id: string;
}

/** Happenings of a key that come no later than a place were told on an earlier page. */
export type Told = Record<string, Place>;

export interface Resume {
  /** The first happening that the page may tell. */
  from: Place;
  told: Told;
}

export interface Visit<H extends Happening = Happening> {
  /** Newest first. */
  happenings: H[];
  /** Older ones of the same visit follow on the next page: they were too many for one. */
  cut: boolean;
}

export interface VisitPage<H extends Happening> {
  visits: Visit<H>[];
  next: Resume | undefined;
}

interface Open<H extends Happening> extends Visit<H> {
  key: string;
}

export class Visits<H extends Happening> {
  readonly #count: number;
  readonly #most: number;
  readonly #before: Told;
  readonly #keys = new Map<string, string>();
  readonly #page: Open<H>[] = [];
  /** The last visit of each key; that of a key may be one of the next page's. */
  readonly #open = new Map<string, Open<H>>();
  /** The first happening of the first visit past the page. */
  #beyond: H | undefined;
  #last: H | undefined;
  /** Weight of what was added and not told before. */
  read = 0;

  /** @param count visits of a page @param most happenings of a page; one that names much weighs as several */
  constructor(count: number, most: number, told: Told = {}) {
    this.#count = count;
    this.#most = most;
    this.#before = told;
  }

  /** In order. Nothing more is to be added once `isDone`. */
  add(happening: H): void {
    const key = this.#keyOf(happening);
    const told = this.#before[key];
    if (told !== undefined && !isAfter(happening, told)) return;
    this.read += 1 + Math.floor(happening.resources.length / NAMED);
    this.#last = happening;
    const open = this.#open.get(key);
    if (open !== undefined && isNear(open, happening)) {
      open.happenings.push(happening);
      return;
    }
    const visit = { key, happenings: [happening], cut: false };
    this.#open.set(key, visit);
    if (this.#page.length < this.#count) this.#page.push(visit);
    else this.#beyond ??= happening;
  }

  /** The page is known: each of its visits has ended, or as much was read as a page may cost. */
  get isDone(): boolean {
    return this.#isFull || (this.#beyond !== undefined && this.#page.every((visit) => !this.#goesOn(visit)));
  }

  /** @param ended there is nothing more to add */
  page(ended: boolean): VisitPage<H> {
    if (ended || !this.#isFull) return this.#closed(this.#page.length, this.#beyond);
    const first = this.#page.findIndex((visit) => this.#goesOn(visit));
    if (first < 0) return this.#closed(this.#page.length, this.#beyond ?? this.#last);
    if (first > 0) return this.#closed(first, this.#page[first]!.happenings[0]);
    // the first alone is too long for a page
    const [long] = this.#page as [Open<H>];
    long.cut = true;
    const others = this.#page.slice(1).findIndex((visit) => this.#goesOn(visit));
    const end = others < 0 ? this.#page.length : others + 1;
    return this.#closed(end, this.#page[end]?.happenings[0] ?? this.#beyond ?? this.#last);
  }

  #keyOf(happening: Happening): string {
    const text = textOf(happening);
    let key = this.#keys.get(text);
    if (key === undefined) this.#keys.set(text, (key = hashed(text)));
    return key;
  }

  get #isFull(): boolean {
    return this.read >= this.#most;
  }

  /** What is still to come may belong to it. */
  #goesOn(visit: Open<H>): boolean {
    return this.#open.get(visit.key) === visit && isNear(visit, this.#last!);
  }

  #closed(end: number, next: Place | undefined): VisitPage<H> {
    const visits = this.#page.slice(0, end);
    if (next === undefined) return { visits, next: undefined };
    const told: Told = {};
    const keep = (key: string, { at, id }: Place): void => {
      const place = { at, id };
      const known = told[key];
      if (isAfter(next, place)) return;
      if (known === undefined || isAfter(place, known)) told[key] = place;
    };
    for (const [key, place] of Object.entries(this.#before)) keep(key, place);
    for (const { key, happenings } of visits) keep(key, happenings.at(-1)!);
    return { visits, next: { from: { at: next.at, id: next.id }, told } };
  }
}

/** One person for one reason in one manner; short, since it is kept in page links. */
export function keyOf(happening: Happening): string {
  return hashed(textOf(happening));
}

function textOf({ who, mode, purposes, outside }: Happening): string {
  const name = who.reference ?? who.name ?? '';
  return JSON.stringify([name, mode, purposes, outside, ...(who.isAsserted === true ? ['asserted'] : [])]);
}

function hashed(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

/** Whether a place comes after another: older, or of the same moment with a greater id. */
export function isAfter(place: Place, other: Place): boolean {
  return place.at < other.at || (place.at === other.at && place.id > other.id);
}

function isNear({ happenings }: Visit, { at }: Place): boolean {
  return happenings.at(-1)!.at - at < GAP;
}
