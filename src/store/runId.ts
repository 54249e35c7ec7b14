import { randomBytes } from 'node:crypto';

/** Moment to the millisecond, which sorts as text does, and what keeps two of one millisecond apart. */
const RUN_ID = /^\d{8}T\d{9}Z-[0-9a-f]{8}$/;

/** Whether a text is the id of an evaluation or a training, so that it is safe as the name of a file. */
export function isRunId(value: string): boolean {
	return RUN_ID.test(value);
}

/** A new id: its moment, so that ids sort by age, and a few random digits. */
export function newRunId(moment: Date): string {
	return `${moment.toISOString().replace(/[-:.]/g, '')}-${randomBytes(4).toString('hex')}`;
}
