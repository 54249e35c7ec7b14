export { drawSample, type DrawSampleOptions, type SampleDataset, type SampleEncoder } from './drawSample';
