import type { ExecutionStatus, IRun, IRunExecutionData, INodeExecutionData, ITaskData } from 'n8n-workflow';

/** A workflow's execution that has ended or waits. */
export class Run {
	readonly status: ExecutionStatus;
	readonly data: IRunExecutionData;

	constructor({ status, data }: IRun) {
		this.status = status;
		this.data = data;
	}

	/** What the execution failed with. */
	get error(): Error | undefined {
		return this.data.resultData.error;
	}

	/** Until when the execution waits to be resumed. */
	get waitTill(): Date | undefined {
		return this.data.waitTill;
	}

	/** Items of a node's first run by output; with an error output, that one is last. Empty when the node did not run. */
	outputs(name = 'Node'): INodeExecutionData[][] {
		return (this.task(name)?.data?.main ?? []).map((items) => items ?? []);
	}

	/** Items of a node's first output. */
	items(name = 'Node'): INodeExecutionData[] {
		return this.outputs(name).at(0) ?? [];
	}

	/** JSON of a node's first output. */
	json(name = 'Node'): INodeExecutionData['json'][] {
		return this.items(name).map(({ json }) => json);
	}

	/** Messages of the hints that a node showed at run time. */
	hints(name = 'Node'): string[] {
		return (this.task(name)?.hints ?? []).map(({ message }) => message);
	}

	private task(name: string): ITaskData | undefined {
		return (this.data.resultData.runData as Partial<Record<string, ITaskData[]>>)[name]?.at(0);
	}
}
