import type { TrainedModel, TrainPhase, TrainRequest } from '../training/request';
import type { LockOwner } from '../store/lockOwner';

/** `interrupted`: its process is gone before the end, and it can go on from its checkpoint. */
export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted';

/** What a training was asked to do and how far it is, as its file in the store says. */
export interface TrainingJob {
	readonly schemaVersion: 1;
	/** Its moment and a few random digits; ids sort by age. */
	readonly id: string;
	readonly state: JobState;
	/** ISO 8601. */
	readonly created: string;
	/** Last sign of life of its owner, ISO 8601. */
	readonly updated: string;
	readonly origin: JobOrigin;
	/** Whether another process goes on with it when its owner is gone, since nobody waits for the owner itself. */
	readonly detached: boolean;
	/** Without secrets: the record is a plain file. */
	readonly request: TrainRequest;
	/** Whether the images lie in the job's own folder and go when it ends. */
	readonly ownsImages: boolean;
	/** The engine workers that compute it, by address; this process's own engine when absent. */
	readonly workers?: string;
	/** The process that works on it. */
	readonly owner?: LockOwner;
	/** How many processes have begun or gone on with it. */
	readonly attempts: number;
	readonly progress?: JobProgress;
	/** What it has published so far. */
	readonly models: readonly FinishedModel[];
	readonly error?: JobError;
	/** How the execution that waits for it is resumed. */
	readonly resume?: JobResume;
}

/** Where in n8n the job comes from. */
export interface JobOrigin {
	readonly workflow: string;
	readonly execution: string;
	readonly node: string;
	/** Input items that asked for it. */
	readonly items: readonly number[];
}

export interface JobProgress {
	readonly model: string;
	/** Which of how many models, from 1. */
	readonly part: number;
	readonly parts: number;
	readonly phase: TrainPhase;
	readonly done: number;
	readonly total: number;
	readonly loss?: number;
	readonly imagesPerSecond?: number;
	readonly etaSeconds?: number;
}

export interface FinishedModel extends TrainedModel {
	/** Picture of the loss in the job's folder; absent when it could not be drawn. */
	readonly lossCurve?: string;
}

export interface JobError {
	readonly code?: string;
	readonly message: string;
	readonly hint?: string;
}

export interface JobResume {
	/** Where to post that all is done. */
	readonly url: string;
	/** Shown by whoever posts; knowing the URL alone is not enough. */
	readonly secret: string;
	/** All jobs that the execution waits for, this one included. */
	readonly jobs: readonly string[];
}

/** Whether a job with this state has come to its end. */
export function isEnded({ state }: Pick<TrainingJob, 'state'>): boolean {
	return state === 'done' || state === 'failed' || state === 'cancelled';
}
