export { InferenceClient, type ServedName, type ServedShapes } from './client';
export { describeServed } from './failures';
export { checkServer, DEFAULT_TIMEOUT_SECONDS, type InferenceServer } from './server';
export type { FloatTensor, InferRequest } from './tensors';
