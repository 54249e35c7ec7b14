import fc from 'fast-check';
import type { Size } from '../../src/imaging/image';
import type { Drawing, DrawnZone } from './bruteForce';

/** Random zones of all kinds on an image of the given size, reaching beyond its edges now and then. */
export function drawings({ width, height }: Size): fc.Arbitrary<Drawing> {
	const corner = fc.tuple(
		fc.integer({ min: -5, max: width + 5 }),
		fc.integer({ min: -5, max: height + 5 }),
	);
	const polygon = fc.array(corner, { minLength: 3, maxLength: 6 }).map((corners) => ({ corners }));
	const rectangle = fc
		.tuple(corner, fc.integer({ min: 1, max: width }), fc.integer({ min: 1, max: height }))
		.map(([[x, y], w, h]) => ({
			corners: [
				[x, y],
				[x + w, y],
				[x + w, y + h],
				[x, y + h],
			] as [number, number][],
		}));
	const blocks = fc
		.tuple(fc.integer({ min: 2, max: 9 }), fc.array(fc.boolean(), { minLength: 64, maxLength: 64 }))
		.map(([side, white]) => ({
			picture: Array.from({ length: width * height }, (_, i) => {
				const block = Math.floor((i % width) / side) * 7 + Math.floor(Math.floor(i / width) / side);
				return Number(white[block % white.length]);
			}),
		}));
	const zone: fc.Arbitrary<DrawnZone> = fc
		.tuple(fc.constantFrom('inspect' as const, 'ignore' as const), fc.oneof(polygon, rectangle, blocks))
		.map(([use, shape]) => ({ use, ...shape }));
	return fc
		.array(zone, { minLength: 1, maxLength: 4 })
		.map((zones) => ({ size: { width, height }, zones }));
}
