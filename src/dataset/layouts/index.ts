import type { Layout } from './layout';
import { mvtec } from './mvtec';
import { plain } from './plain';
import { realIad } from './realIad';
import { visa } from './visa';

/**
 * The layouts in the order of detection: the first that recognises a folder wins. Those defined by a list file come
 * first, since the file leaves no doubt; plain comes last, since every folder of images is one.
 */
export const LAYOUTS: readonly Layout[] = [visa, realIad, mvtec, plain];
