/** Header fields that can be changed: the part of `Headers` that pure code needs. Names are case-insensitive. */
export interface HeaderFields {
  get(name: string): string | null;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  delete(name: string): void;
  /** Calls with each value and its name, which is in small letters. */
  forEach(visit: (value: string, name: string) => void): void;
}
