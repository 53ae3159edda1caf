import { expect, test } from "@jest/globals";
import { LEASE_MS, LeaseBlocks } from "./lease-blocks.ts";

const AT = 1_000_000;

test("leased tokens are spent oldest first, together, and by those alone who could have leased them", () => {
  const blocks = new LeaseBlocks();
  blocks.add({ tokens: 2, floor: 20, leasedAt: AT + 1 });
  blocks.add({ tokens: 3, floor: 20, leasedAt: AT });
  blocks.add({ tokens: 9, floor: 0, leasedAt: AT });
  expect(blocks.has(6, 20, AT + 2)).toBe(false);
  expect(blocks.spend(4, 20, AT + 2)).toEqual({ tokens: 4, floor: 20, leasedAt: AT });
  expect(blocks.spend(9, 20, AT + 2)).toEqual({ tokens: 1, floor: 20, leasedAt: AT + 1 });
  expect(blocks.has(9, 0, AT + 2)).toBe(true);
});

test("what is not spent within the lease is lost, also after the clock was set back", () => {
  const leased = () => {
    const blocks = new LeaseBlocks();
    blocks.add({ tokens: 3, floor: 0, leasedAt: AT });
    return blocks;
  };
  expect(leased().has(3, 0, AT + LEASE_MS - 1)).toBe(true);
  expect(leased().has(3, 0, AT + LEASE_MS)).toBe(false);
  expect(leased().has(3, 0, AT - 1)).toBe(false);
});
