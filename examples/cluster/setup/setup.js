// @ts-check
/** Served in the place of the live room's `public/setup/setup.js`: there are several SFU nodes and several relay processes. */
export const hasNodes = true;
export const hasProcesses = true;
