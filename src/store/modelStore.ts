import type { KeyObject } from 'node:crypto';
import type { InspectionZones } from '../zones/inspectionZones';
import type { CalibrationFile } from './calibration';
import type { ModelCard } from './card';
import type { PromotionGate } from './promotionGate';

/** Where models live. A reference is `name`, `name@version` or `name@alias`; what a user can mend is thrown as DinomalyError. */
export interface ModelStore {
	/** All models, by name. */
	list(): Promise<ModelSummary[]>;

	/** All versions of a model, oldest first; one that cannot be read is listed with its problem. Throws MODEL_NOT_FOUND. */
	versions(name: string): Promise<VersionSummary[]>;

	/**
	 * The version that a reference stands for. `name` alone is the alias `production` when it is set, and the newest version
	 * otherwise; `name@latest` is always the newest. Throws MODEL_NOT_FOUND saying what there is.
	 */
	resolve(ref: string): Promise<ResolvedModel>;

	/**
	 * Resolves a reference and checks the whole model: card, and every file against its hash (once, as long as it does not change).
	 * Throws MODEL_NOT_FOUND, MODEL_INVALID or HASH_MISMATCH.
	 */
	open(ref: string): Promise<OpenedModel>;

	/** Alias to version. Throws MODEL_NOT_FOUND. */
	aliases(name: string): Promise<Readonly<Record<string, string>>>;

	/** Adds a version, which is visible once it is whole and never changes after. Throws MODEL_INVALID or DISK_FULL. */
	publish(name: string, draft: ModelDraft): Promise<OpenedModel>;

	/** Copies a model folder from elsewhere in as a new version, under its own name unless told otherwise; checks it first. */
	importFolder(path: string, name?: string): Promise<OpenedModel>;

	/**
	 * Points an alias at the version that `ref` stands for, at once for all readers, whatever its gate says: `promoteThroughGate` asks
	 * that first. Throws ALIAS_MOVED when the alias is not where `options.ifFrom` says.
	 */
	promote(ref: string, alias: string, options?: MoveOptions): Promise<AliasMove>;

	/** Takes an alias away. Throws MODEL_NOT_FOUND when it is not set. */
	dropAlias(name: string, alias: string, reason?: MoveReason): Promise<AliasMove>;

	/** Every move of every alias of a model, oldest first. */
	history(name: string): Promise<AliasMove[]>;

	/** What a version must reach before an alias may point at it, by alias. */
	gates(name: string): Promise<Readonly<Record<string, PromotionGate>>>;

	/** Sets the gate of an alias in place of the one before; one without rules lets every version through. Throws MODEL_NOT_FOUND. */
	setGate(name: string, alias: string, gate: PromotionGate): Promise<void>;

	/** Deletes one version, named as `name@version`; its number is never given again. An alias on it forbids that, unless forced. */
	remove(ref: string, options?: RemoveOptions): Promise<void>;

	/** Deletes a model with all versions, aliases and their history. Any alias forbids that, unless forced. */
	removeModel(name: string, options?: { readonly force?: boolean }): Promise<void>;
}

export interface ModelSummary {
	readonly name: string;
	readonly versions: number;
	readonly newest: string;
	/** Alias to version. */
	readonly aliases: Readonly<Record<string, string>>;
	/** Why the aliases could not be read, when they could not. */
	readonly problem?: string;
}

export interface VersionSummary {
	readonly version: string;
	readonly aliases: readonly string[];
	/** Absent when it cannot be read; then `problem` says why. */
	readonly card?: ModelCard;
	readonly problem?: string;
}

export interface ResolvedModel {
	readonly name: string;
	readonly version: string;
	/** The alias that led here, if one did. */
	readonly alias?: string;
	/** Folder of the version on this machine. */
	readonly path: string;
}

export interface OpenedModel extends ResolvedModel {
	readonly card: ModelCard;
	/** Absent when the model was trained without held-out images. */
	readonly calibration?: CalibrationFile;
	/** Where it looks; absent when it looks everywhere. */
	readonly zones?: InspectionZones;
}

/** A file to publish: bytes, a value to write as JSON, or a file to copy. */
export type FileSource =
	{ readonly bytes: Uint8Array } | { readonly json: unknown } | { readonly file: string };

export interface ModelDraft {
	/** `created` is the moment of publishing when absent. */
	readonly card: Omit<ModelCard, 'schemaVersion' | 'name' | 'version' | 'created' | 'files'> & {
		readonly created?: string;
	};
	/** File name to content; `decoder.safetensors` is a must, `calibration.json` and `zones.json` are checked. */
	readonly files: Readonly<Record<string, FileSource>>;
	/** Who signs it: a private key, or `keep` for the signature that the card brings; the key of the environment, if any, when absent. */
	readonly signedBy?: KeyObject | 'keep';
}

export interface MoveReason {
	readonly by?: string;
	readonly why?: string;
	/** What the alias's gate said about the version; absent where the alias has none. */
	readonly gate?: GateOutcome;
	/** Present when the move undoes the ones since the version was there before. */
	readonly rollback?: true;
}

export interface MoveOptions extends MoveReason {
	/** Where the alias must be, so that nobody else's move is overrun: a version, or null for not set. */
	readonly ifFrom?: string | null;
}

/** A gate's verdict on a version, as the history keeps it. */
export interface GateOutcome {
	readonly passed: boolean;
	/** One sentence. */
	readonly reason: string;
	/** The evaluation that was judged; null when the version has none. */
	readonly run: string | null;
}

/** One line of an alias's history. */
export interface AliasMove extends MoveReason {
	readonly alias: string;
	/** Version before; null when the alias was not set. */
	readonly from: string | null;
	/** Version after; null when the alias was taken away. */
	readonly to: string | null;
	/** ISO 8601. */
	readonly at: string;
}

export interface RemoveOptions extends MoveReason {
	/** Take the aliases away as well. */
	readonly force?: boolean;
}
