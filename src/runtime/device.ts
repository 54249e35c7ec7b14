/** Where the engine may compute; `auto` takes the best that is there. */
export type DeviceName = 'auto' | 'cpu' | 'cuda' | 'webgpu' | 'directml' | 'coreml' | 'tensorrt';
