/** Tells which pixels of an image are inspected, row by row, so that a large image needs no map of its own size. */
export interface InspectedPixels {
	/** Writes one value for each pixel of row `y`: 1 where it is inspected, 0 elsewhere. */
	writeRow(y: number, target: Uint8Array): void;
}
