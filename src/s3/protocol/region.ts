/** Valid names of regions. */

/** `us-east-1`, and regions that clients of other stores sign for: `auto`, `garage`, `RegionOne`. */
const WELL_FORMED = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export function isRegion(text: string): boolean {
  return WELL_FORMED.test(text);
}
