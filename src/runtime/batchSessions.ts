import type { DeviceName } from './device';
import { Session, type SessionOptions } from './session';

/** One graph in a session for each number of images that it is run with: shapes are static. Made when first needed, except that for one. */
export class BatchSessions {
	private readonly sessions = new Map<number, Promise<Session>>();
	private isReleased = false;

	private constructor(
		private readonly first: Session,
		private readonly build: (images: number) => Uint8Array,
		private readonly options: SessionOptions,
		private readonly kept: readonly string[],
	) {
		this.sessions.set(1, Promise.resolve(first));
	}

	/**
	 * @param build the graph over a number of images, serialised
	 * @param kept outputs that stay on the device where it can keep them (`Session.create`)
	 */
	static async open(
		build: (images: number) => Uint8Array,
		options: SessionOptions,
		kept: readonly string[] = [],
	): Promise<BatchSessions> {
		return new BatchSessions(await Session.create(build(1), options, kept), build, options, kept);
	}

	get device(): DeviceName {
		return this.first.device;
	}

	/** The session for a number of images, on the device of the first. */
	async of(images: number): Promise<Session> {
		if (this.isReleased) throw new Error('Expected sessions that are open, found them released');
		const known = this.sessions.get(images);
		if (known) return known;
		const options = { ...this.options, device: this.device, requireDevice: true };
		const session = Session.create(this.build(images), options, this.kept);
		this.sessions.set(images, session);
		// One that could not be made, as for want of memory, may be tried again.
		session.catch(() => this.sessions.delete(images));
		return session;
	}

	async release(): Promise<void> {
		this.isReleased = true;
		const made = await Promise.allSettled(this.sessions.values());
		this.sessions.clear();
		for (const one of made) if (one.status === 'fulfilled') await one.value.release();
	}
}
