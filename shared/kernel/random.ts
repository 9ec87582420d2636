/** A source of numbers in [0, 1). Pure code takes it as an argument: `Math.random` in a driver, a seeded one in tests. */
export type Random = () => number;
