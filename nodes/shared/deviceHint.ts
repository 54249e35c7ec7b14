import type { IExecuteFunctions } from 'n8n-workflow';
import type { DeviceName } from '../../src/runtime/device';
import { addHintOnce } from './hints';

/** Says so when another device than the chosen one has computed, since that may be a hundred times slower. */
export function remarkDevice(context: IExecuteFunctions, asked: DeviceName | undefined, used: string): void {
	if (asked === undefined || asked === 'auto' || asked === used) return;
	addHintOnce(
		context,
		`The chosen device "${asked}" cannot be used here, so "${used}" computed instead. Self Check of Dinomaly Model says what is missing; with Require Device on, this would have failed.`,
		{ type: 'warning' },
	);
}
