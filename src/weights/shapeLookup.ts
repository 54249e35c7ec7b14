import { DinomalyError } from '../errors';
import type { Shape, Shapes } from './encoderArchitecture';

/** Shapes by name, of an encoder that messages call `source`; the returned function throws ENCODER_INVALID for a name that is not among them. */
export function shapeLookup(shapes: Shapes, source: string): (name: string) => Shape {
	return (name) => {
		const found = shapes.get(name);
		if (found !== undefined) return found;
		throw new DinomalyError(
			'ENCODER_INVALID',
			`Expected a parameter of ${source}, found the name "${name}", which it does not have`,
			{
				hint: 'Use one of the encoders of the catalogue, such as dinov2-reg-small, or a checkpoint with the same parameters.',
			},
		);
	};
}
