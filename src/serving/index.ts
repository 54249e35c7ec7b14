export { InferenceClient, type ServedShapes } from './client';
export { describeServed, type ServedName } from './servedName';
export { checkServer, DEFAULT_TIMEOUT_SECONDS, type InferenceServer } from './server';
export type { FloatTensor, InferRequest } from './tensors';
