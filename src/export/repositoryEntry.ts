import type { Graph } from '../graph';
import type { ServedPrecision } from '../scoring/request';
import type { OpenedModel } from '../store/modelStore';
import type { ExportCheck } from './request';

/** What is put into a repository: an exported version, and what is known of the export. */
export interface RepositoryEntry {
	readonly opened: OpenedModel;
	/** Name on the server. */
	readonly name: string;
	readonly graph: Graph;
	readonly bytes: Uint8Array;
	readonly precision: ServedPrecision;
	readonly check: ExportCheck;
	readonly preprocessing: string;
}
