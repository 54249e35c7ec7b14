export * from './convolution';
export * from './elementwise';
export * from './layout';
export * from './matmul';
export * from './moments';
export * from './neural';
export * from './quantised';
export * from './reduce';
