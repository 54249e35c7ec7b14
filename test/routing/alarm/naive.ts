import type { Route } from '../../../src/routing/decision';
import type { AlarmRule } from '../../../src/routing/alarm/rule';

export interface Event {
	readonly at: number;
	readonly route: Route;
}

export type Verdict = 'none' | 'counting' | 'raised' | 'escalated' | 'coolDown' | 'standing' | 'ended';

/**
 * The alarm logic by its definition: every part is judged from the whole history before it, and nothing is carried along but the verdicts.
 * Quadratic and more, which is what makes it easy to believe.
 */
export function naiveVerdicts(history: readonly Event[], rule: AlarmRule): Verdict[] {
	const verdicts: Verdict[] = [];
	for (let i = 0; i < history.length; i++) verdicts.push(verdictOf(i, { history, verdicts, rule }));
	return verdicts;
}

function verdictOf(
	i: number,
	past: { history: readonly Event[]; verdicts: readonly Verdict[]; rule: AlarmRule },
): Verdict {
	const { history, verdicts, rule } = past;
	const bad = (j: number): boolean =>
		history[j].route === 'anomaly' || (rule.countReview && history[j].route === 'review');
	const isAlarm = (j: number): boolean => verdicts[j] === 'raised' || verdicts[j] === 'escalated';
	const indices = Array.from({ length: i }, (_, j) => j);
	// What lies in the future of any later part is taken to have been then: the moment of part j as part i knows it.
	const momentOf = (j: number): number => Math.min(...history.slice(j, i + 1).map(({ at }) => at));
	const now = history[i].at;

	const afterPause = indices.filter((j) => history[j + 1].at - history[j].at > rule.forgetAfterMs);
	const pause = afterPause.length === 0 ? 0 : afterPause[afterPause.length - 1] + 1;
	const lastAlarm = indices.filter(isAlarm).at(-1);
	const lastEnd = indices.filter((j) => verdicts[j] === 'ended').at(-1);

	const stands =
		rule.endAfter > 0 &&
		lastAlarm !== undefined &&
		lastAlarm >= pause &&
		(lastEnd === undefined || lastEnd < lastAlarm);
	if (!bad(i)) {
		if (!stands) return 'none';
		const since = history.slice(lastAlarm + 1, i + 1).map(({ route }) => route);
		const row = since.slice(-rule.endAfter);
		return row.length === rule.endAfter && row.every((route) => route === 'normal') ? 'ended' : 'none';
	}
	if (stands) return 'standing';
	const from = Math.max(pause, (lastAlarm ?? -1) + 1, (lastEnd ?? -1) + 1, i + 1 - rule.of);
	const count = [...indices, i].filter((j) => j >= from && bad(j)).length;
	if (count < rule.bad) return 'counting';
	if (lastAlarm !== undefined && now - momentOf(lastAlarm) < rule.coolDownMs) return 'coolDown';
	const { escalation } = rule;
	if (escalation === undefined) return 'raised';
	const lastEscalation = indices.filter((j) => verdicts[j] === 'escalated').at(-1) ?? -1;
	const earlier = indices.filter(
		(j) => j > lastEscalation && verdicts[j] === 'raised' && stillCounts(j, i, past),
	);
	return earlier.length + 1 >= escalation.alarms ? 'escalated' : 'raised';
}

/** Whether alarm j is recent enough for alarm i, and was for every alarm in between. */
function stillCounts(
	j: number,
	i: number,
	{ history, verdicts, rule }: { history: readonly Event[]; verdicts: readonly Verdict[]; rule: AlarmRule },
): boolean {
	const alarms = [i];
	for (let k = j + 1; k < i; k++) if (verdicts[k] === 'raised') alarms.push(k);
	return alarms.every((k) => {
		const moment = Math.min(...history.slice(j, k + 1).map(({ at }) => at));
		return history[k].at - moment <= rule.escalation!.withinMs;
	});
}
