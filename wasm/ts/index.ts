export type { Extent, ShadowCopyInfo, StreamOptions } from './copy.js';
export { ShadowCopy } from './copy.js';
export type { ErrorFacts, ErrorKind } from './error.js';
export { ShadowvolError } from './error.js';
export type { Files, FilesOptions } from './files.js';
export { Http, type HttpOptions } from './http.js';
export { load, type Source } from './load.js';
export type { Awaitable, Media, Medium, ReadableMedium } from './medium.js';
export { Memory } from './medium.js';
export { OpfsFile, OpfsMedium, type OpfsSharing } from './opfs.js';
export { Passive, type PassiveStats } from './passive.js';
export type {
  CreateOptions,
  OpenOptions,
  RevertOptions,
  SpaceOptions,
  VolumeEvent,
  VolumeStats,
} from './volume.js';
export { Volume } from './volume.js';
