import { descriptorArchitecture } from './descriptorWeights';
import type { EncoderArchitecture } from './encoderArchitecture';
import { targetLayers } from './targetLayers';

/** A file in a repository of the Hugging Face hub. */
export interface HubFile {
	readonly repo: string;
	readonly revision: string;
	readonly file: string;
}

export interface EncoderEntry {
	/** What users choose it by. */
	readonly name: string;
	readonly title: string;
	/** Where it comes from; null for those in the package. */
	readonly source: HubFile | null;
	/** SPDX identifier of the licence that the source states for the weights. */
	readonly licence: string;
	readonly architecture: EncoderArchitecture;
	/** Blocks (0-based) whose outputs Dinomaly reconstructs. */
	readonly targetLayers: readonly number[];
	/** Default sides in pixels: resized image and centre crop. */
	readonly imageSize: number;
	readonly cropSize: number;
	/** Size of the download, rounded. */
	readonly megabytes: number;
	/** Content that the file must have; null where it is pinned when first used. */
	readonly sha256: string | null;
}

/** Features by a fixed rule; what is taken when nothing is named. It comes with the package. */
export const DESCRIPTORS = 'descriptors';
/** The transformer that comes with the package. */
export const EMBEDDED_ENCODER = 'embedded';
export const DEFAULT_ENCODER = DESCRIPTORS;

type Size = Pick<EncoderArchitecture, 'dim' | 'heads' | 'depth'>;
type Traits = Pick<EncoderArchitecture, 'family' | 'patch' | 'registers' | 'layerScale' | 'gridSide'>;
type Offer = Pick<EncoderEntry, 'name' | 'title' | 'source' | 'licence' | 'megabytes'> & {
	readonly sha256?: string;
};

const TINY: Size = { dim: 192, heads: 3, depth: 12 };
const SMALL: Size = { dim: 384, heads: 6, depth: 12 };
const BASE: Size = { dim: 768, heads: 12, depth: 12 };
const LARGE: Size = { dim: 1024, heads: 16, depth: 24 };

/** Trained at 518 px: 37 x 37 patches. */
const DINOV2: Traits = { family: 'dinov2', patch: 14, registers: 0, layerScale: true, gridSide: 37 };
const DINOV2_REG: Traits = { ...DINOV2, registers: 4 };
/** Trained at 224 px. */
const VIT16: Traits = { family: 'vit', patch: 16, registers: 0, layerScale: false, gridSide: 14 };
const VIT8: Traits = { ...VIT16, patch: 8, gridSide: 28 };
const BEIT16: Traits = { ...VIT16, family: 'beit', layerScale: true };

const APACHE = 'Apache-2.0';

/** Encoders by name, in the order in which a menu should show them. Licences are those that the hub states for each file. */
export const ENCODERS: readonly EncoderEntry[] = [
	entry(descriptorArchitecture(192), descriptorArchitecture(192), {
		name: DESCRIPTORS,
		title: 'Descriptors (no download, edges and colours by a fixed rule)',
		source: null,
		licence: APACHE,
		megabytes: 1,
		sha256: 'a2963aa9cfb91ec41f17ad74c67f596ebbd8a1ebd31087c9637b987cbe6ef5c8',
	}),
	entry({ ...TINY, depth: 10 }, VIT16, {
		name: EMBEDDED_ENCODER,
		title: 'Embedded transformer (no download, pretrained on drawn images)',
		source: null,
		licence: APACHE,
		megabytes: 9,
		sha256: 'dd3525aa3e1f42a86c6547dd6a805c006a15a113a7c09ef822900956de8052b3',
	}),
	entry(SMALL, DINOV2_REG, {
		name: 'dinov2-reg-small',
		title: 'DINOv2 with registers, small',
		source: hub('facebook/dinov2-with-registers-small'),
		licence: APACHE,
		megabytes: 88,
	}),
	entry(BASE, DINOV2_REG, {
		name: 'dinov2-reg-base',
		title: 'DINOv2 with registers, base',
		source: hub('facebook/dinov2-with-registers-base'),
		licence: APACHE,
		megabytes: 346,
	}),
	entry(LARGE, DINOV2_REG, {
		name: 'dinov2-reg-large',
		title: 'DINOv2 with registers, large',
		source: hub('facebook/dinov2-with-registers-large'),
		licence: APACHE,
		megabytes: 1218,
	}),
	entry(SMALL, DINOV2, {
		name: 'dinov2-small',
		title: 'DINOv2, small',
		source: hub('facebook/dinov2-small'),
		licence: APACHE,
		megabytes: 88,
	}),
	entry(BASE, DINOV2, {
		name: 'dinov2-base',
		title: 'DINOv2, base',
		source: hub('facebook/dinov2-base'),
		licence: APACHE,
		megabytes: 346,
	}),
	entry(LARGE, DINOV2, {
		name: 'dinov2-large',
		title: 'DINOv2, large',
		source: hub('facebook/dinov2-large'),
		licence: APACHE,
		megabytes: 1218,
	}),
	entry(SMALL, VIT16, {
		name: 'dino-vits16',
		title: 'DINO, small, patch 16',
		source: hub('timm/vit_small_patch16_224.dino'),
		licence: APACHE,
		megabytes: 87,
	}),
	entry(SMALL, VIT8, {
		name: 'dino-vits8',
		title: 'DINO, small, patch 8',
		source: hub('timm/vit_small_patch8_224.dino'),
		licence: APACHE,
		megabytes: 87,
	}),
	entry(BASE, VIT16, {
		name: 'dino-vitb16',
		title: 'DINO, base, patch 16',
		source: hub('timm/vit_base_patch16_224.dino'),
		licence: APACHE,
		megabytes: 343,
	}),
	entry(BASE, VIT8, {
		name: 'dino-vitb8',
		title: 'DINO, base, patch 8',
		source: hub('timm/vit_base_patch8_224.dino'),
		licence: APACHE,
		megabytes: 343,
	}),
	entry(TINY, VIT16, {
		name: 'deit-tiny',
		title: 'DeiT, tiny (supervised)',
		source: hub('timm/deit_tiny_patch16_224.fb_in1k'),
		licence: APACHE,
		megabytes: 23,
	}),
	entry(SMALL, VIT16, {
		name: 'deit-small',
		title: 'DeiT, small (supervised)',
		source: hub('timm/deit_small_patch16_224.fb_in1k'),
		licence: APACHE,
		megabytes: 88,
	}),
	entry(BASE, VIT16, {
		name: 'deit-base',
		title: 'DeiT, base (supervised)',
		source: hub('timm/deit_base_patch16_224.fb_in1k'),
		licence: APACHE,
		megabytes: 346,
	}),
	entry(BASE, VIT16, {
		name: 'mae-base',
		title: 'MAE, base (not for commercial use)',
		source: hub('timm/vit_base_patch16_224.mae'),
		licence: 'CC-BY-NC-4.0',
		megabytes: 343,
	}),
	entry(BASE, BEIT16, {
		name: 'beit-base',
		title: 'BEiT, base (crop 224 only)',
		source: hub('timm/beit_base_patch16_224.in22k_ft_in22k'),
		licence: APACHE,
		megabytes: 414,
	}),
	entry(BASE, BEIT16, {
		name: 'beitv2-base',
		title: 'BEiT v2, base (crop 224 only)',
		source: hub('timm/beitv2_base_patch16_224.in1k_ft_in22k'),
		licence: APACHE,
		megabytes: 414,
	}),
];

/** The entry of a catalogue name; undefined when there is none. */
export function findEncoder(name: string): EncoderEntry | undefined {
	return ENCODERS.find((one) => one.name === name);
}

/**
 * Default sides in pixels for an encoder of this patch: those of the paper for patch 14, those that the encoder was trained at for
 * patches of 16 and 8.
 */
export function defaultSizes(patch: number): { imageSize: number; cropSize: number } {
	return patch === 14 ? { imageSize: 448, cropSize: 392 } : { imageSize: 256, cropSize: 224 };
}

function entry(size: Size, traits: Traits, offer: Offer): EncoderEntry {
	return {
		sha256: null,
		...offer,
		architecture: { ...traits, ...size, lnEps: 1e-6, mlpRatio: 4 },
		targetLayers: targetLayers(size.depth),
		...defaultSizes(traits.patch),
	};
}

function hub(repo: string): HubFile {
	return { repo, revision: 'main', file: 'model.safetensors' };
}
