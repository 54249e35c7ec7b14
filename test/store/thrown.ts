/** What an action throws, for a look at its fields. */
export function thrownBy(action: () => unknown): unknown {
	try {
		action();
	} catch (error) {
		return error;
	}
	throw new Error('Expected the action to throw, found that it returned');
}
