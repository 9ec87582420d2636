/**
 * Whom an address belongs to: an IPv4 address to itself, an IPv6 address to its network, for a client has a whole one
 * (RFC 6177: a /64 at least) and may come from another address of it each time. An IPv4 address that is written as an
 * IPv6 one (RFC 4291 2.5.5.2) is itself; the zone of an address (RFC 4007) does not count.
 *
 * @param prefix bits of an IPv6 address that count, 1 to 128.
 * @returns `192.0.2.7`, or `2001:db8:0:7:0:0:0:0/64`, the same for all forms of an address; what is no address stays as it is.
 */
export function clientNetwork(address: string, prefix: number): string {
  if (!address.includes(":")) return address;
  const groups = groupsOf(address.replace(/%.*$/s, ""));
  if (groups === null) return address;
  if (isMapped(groups))
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join(".");
  const masked = groups.map((group, index) => group & maskOf(prefix - 16 * index));
  return `${masked.map((group) => group.toString(16)).join(":")}/${prefix}`;
}

/** The eight groups of an IPv6 address in any form of RFC 4291 2.2; `null` for anything else. */
function groupsOf(address: string): readonly number[] | null {
  const [head = "", tail, ...more] = withoutDots(address).split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = 8 - before.length - after.length;
  const isWhole = tail === undefined ? zeros === 0 : zeros > 0 && more.length === 0;
  const groups = [...before, ...Array.from({ length: Math.max(0, zeros) }, () => "0"), ...after];
  return isWhole && groups.every((group) => isGroup.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : null;
}

const isGroup = /^[\da-f]{1,4}$/i;

/** An IPv4 address at the end as two groups: RFC 4291 2.2, 3. */
const withoutDots = (address: string): string =>
  address.replace(/(?<=:)(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/, (dotted, ...bytes: string[]) => {
    const [a = 256, b = 256, c = 256, d = 256] = bytes.slice(0, 4).map(Number);
    return Math.max(a, b, c, d) > 255 ? dotted : `${(256 * a + b).toString(16)}:${(256 * c + d).toString(16)}`;
  });

const isMapped = (groups: readonly number[]): boolean =>
  groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);

/** The first bits of a group. */
const maskOf = (bits: number): number => 0xffff & ~(0xffff >> Math.min(16, Math.max(0, bits)));
