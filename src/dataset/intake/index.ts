export { addImage } from './addImage';
export type { AddedImage, AddImageRequest, NewImage } from './addImage';
export type { IncomingFile } from './checkImage';
