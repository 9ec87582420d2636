import { BlockList, isIPv6 } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientNetwork } from "../../../shared/http/client-network.ts";

const prefix = fc.integer({ min: 1, max: 128 });

/** Flips one bit of an address, counted from the left. */
function flip(address: string, bit: number): string {
  const groups = clientNetwork(address, 128).replace("/128", "").split(":");
  const at = bit >> 4;
  const group = Number.parseInt(groups[at] ?? "0", 16) ^ (0x8000 >> (bit & 15));
  return groups.with(at, group.toString(16)).join(":");
}

/** No IPv4 address in it. */
const ipv6 = fc.ipV6().filter((address) => !clientNetwork(address, 128).includes("."));

describe("the network of a client", () => {
  it.each([
    ["192.0.2.7", 64, "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2:0:0:0:0/64"],
    ["2001:DB8:1:2::6", 64, "2001:db8:1:2:0:0:0:0/64"],
    ["2001:db8:1:2ff:3:4:5:6", 56, "2001:db8:1:200:0:0:0:0/56"],
    ["2001:db8::6", 128, "2001:db8:0:0:0:0:0:6/128"],
    ["::", 64, "0:0:0:0:0:0:0:0/64"],
    ["64:ff9b::192.0.2.7", 128, "64:ff9b:0:0:0:0:c000:207/128"],
    ["::ffff:192.0.2.7", 64, "192.0.2.7"],
    ["::ffff:c000:207", 64, "192.0.2.7"],
    ["0:0:0:0:0:FFFF:192.0.2.7", 64, "192.0.2.7"],
    ["fe80::1%eth0", 64, "fe80:0:0:0:0:0:0:0/64"],
  ])("of %s by %d bits is %s", (address, bits, network) => {
    expect(clientNetwork(address, bits)).toBe(network);
  });

  it("is the one that Node finds the address in, whatever form it has", () => {
    fc.assert(
      fc.property(ipv6, prefix, (address, bits) => {
        const [network = "", length] = clientNetwork(address, bits).split("/");
        const list = new BlockList();
        list.addSubnet(network, Number(length), "ipv6");
        expect(isIPv6(network)).toBe(true);
        expect(list.check(address, "ipv6")).toBe(true);
      }),
    );
  });

  it("is the same for two addresses exactly when they differ in no bit that counts", () => {
    fc.assert(
      fc.property(ipv6, prefix, fc.nat(127), (address, bits, bit) => {
        const other = flip(address, bit);
        fc.pre(!clientNetwork(other, 128).includes("."));
        expect(clientNetwork(other, bits) === clientNetwork(address, bits)).toBe(bit >= bits);
      }),
    );
  });

  it("is what it was given where that is no IPv6 address", () => {
    const almost = fc.array(fc.constantFrom(":", "::", "0", "ffff", "g", "1.2.3.4", "256", "."), { maxLength: 10 });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          almost.map((parts) => parts.join("")),
          fc.ipV4(),
        ),
        prefix,
        (text, bits) => {
          fc.pre(!isIPv6(text.replace(/%.*$/s, "")));
          expect(clientNetwork(text, bits)).toBe(text);
        },
      ),
    );
  });

  it("is found for whatever Node takes for an IPv6 address", () => {
    const almost = fc.array(fc.constantFrom(":", "::", "0", "ffff", "1.2.3.4", "255"), { maxLength: 16 });
    fc.assert(
      fc.property(almost, (parts) => {
        const text = parts.join("");
        fc.pre(isIPv6(text));
        expect(clientNetwork(text, 64)).not.toBe(text);
      }),
    );
  });
});
