/** Rows as columns of equal width, two spaces apart, without spaces at the ends of lines. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const width = (at: number) => Math.max(...rows.map((row) => row[at]?.length ?? 0));
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(width(at)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
