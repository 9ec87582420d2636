/** Header fields that can be changed: the part of `Headers` that pure code needs. Names are case-insensitive. */
export interface HeaderFields {
  get(name: string): string | null;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  delete(name: string): void;
  /** The names, in small letters. */
  keys(): Iterable<string>;
}
