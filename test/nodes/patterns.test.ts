import type { INodeType } from 'n8n-workflow';
import { DinomalyModel } from '../../nodes/DinomalyModel/DinomalyModel.node';
import { EvaluateMetrics } from '../../nodes/EvaluateMetrics/EvaluateMetrics.node';
import { InspectionDataset } from '../../nodes/InspectionDataset/InspectionDataset.node';
import { ScoreImage } from '../../nodes/ScoreImage/ScoreImage.node';
import { ThresholdRouter } from '../../nodes/ThresholdRouter/ThresholdRouter.node';
import { TrainDinomaly } from '../../nodes/TrainDinomaly/TrainDinomaly.node';

// n8n matches such patterns before every execution, each within 250 ms by the clock: a machine that is too busy for that fails a sound workflow.
test.each<INodeType>([
	new DinomalyModel(),
	new EvaluateMetrics(),
	new InspectionDataset(),
	new ScoreImage(),
	new ThresholdRouter(),
	new TrainDinomaly(),
])('no field of $description.displayName has a pattern that n8n would match', ({ description }) => {
	expect(JSON.stringify(description.properties)).not.toMatch(/"type":"regex"|"regex":/);
});
