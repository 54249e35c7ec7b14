import { Graph, serialise, stopGradient } from '../graph';
import { nextName, type Port } from '../model/trainingStep';
import { Session, type DeviceValue, type SessionOptions, type Value } from '../runtime/session';
import type { ResidentState, StepSession } from './stepSession';

/** Training steps on a device that keeps parameters and moments: they travel there once, and back only when they are asked for. */
export class ResidentSession implements StepSession, ResidentState {
	/** State that the next run starts from; null: the arrays that it is given. */
	private current: ReadonlyMap<string, DeviceValue> | null = null;
	/** What the last run gave, under the names of the state. */
	private next: ReadonlyMap<string, DeviceValue> | null = null;
	/** Brings state back; loaded when it is first asked for. */
	private reader: Session | null = null;

	constructor(
		private readonly session: Session,
		private readonly ports: readonly Port[],
		private readonly options: SessionOptions,
	) {}

	get device(): string {
		return this.session.device;
	}

	get resident(): ResidentState {
		return this;
	}

	async run(feeds: Readonly<Record<string, Value>>): Promise<Record<string, Value>> {
		free(this.next);
		this.next = null;
		const state = this.current === null ? {} : Object.fromEntries(this.current);
		const { values, kept } = await this.session.runKeeping({ ...feeds, ...state });
		this.next = new Map(
			this.ports.flatMap(({ name }) => {
				const value = kept.get(nextName(name));
				return value ? [[name, value] as const] : [];
			}),
		);
		return values;
	}

	advance(): void {
		free(this.current);
		this.current = this.next;
		this.next = null;
	}

	async fetch(into: Readonly<Record<string, Value>>): Promise<void> {
		if (this.current === null) return;
		this.reader ??= await Session.create(serialise(copyGraph(this.ports)), {
			...this.options,
			requireDevice: true,
		});
		await this.reader.run(
			Object.fromEntries(this.current),
			Object.fromEntries(this.ports.map(({ name }) => [nextName(name), into[name]])),
		);
	}

	forget(): void {
		free(this.current);
		free(this.next);
		this.current = null;
		this.next = null;
	}

	async release(): Promise<void> {
		this.forget();
		await this.reader?.release();
		await this.session.release();
	}
}

/** Gives what it gets: run on the device, with outputs in arrays, it reads values back. */
function copyGraph(ports: readonly Port[]): Graph {
	const graph = new Graph();
	for (const { name, dtype, shape } of ports)
		graph.output(nextName(name), stopGradient(graph.input(name, dtype, shape)));
	return graph;
}

function free(values: ReadonlyMap<string, DeviceValue> | null): void {
	for (const value of values?.values() ?? []) value.free();
}
