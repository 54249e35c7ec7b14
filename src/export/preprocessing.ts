import { CHANNEL_MEAN, CHANNEL_STD } from '../imaging/preprocess';
import { describeTiling } from '../imaging/tiling';
import type { OpenedModel } from '../store/modelStore';
import { describeZones } from '../zones/inspectionZones';

/** What has to be done to an image before it is the input of an exported model, in one line. */
export function describePreprocessing({ card, zones }: Pick<OpenedModel, 'card' | 'zones'>): string {
	const { imageSize, cropSize, tiling } = card.config;
	return [
		...(zones === undefined ? [] : [`paint over what zones leave out (${describeZones(zones)})`]),
		...(tiling === undefined ? [] : [`cut into ${describeTiling(tiling)}, and of each tile`]),
		'RGB',
		`resize to ${imageSize} x ${imageSize} bilinear with antialiasing`,
		`centre crop ${cropSize}`,
		'divide by 255',
		`subtract (${CHANNEL_MEAN.join(', ')})`,
		`divide by (${CHANNEL_STD.join(', ')})`,
	].join(', ');
}
