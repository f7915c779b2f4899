// @ts-check
/** Served in the place of `public/setup/setup.js` if there are several SFU nodes. */
export const hasNodes = true;
export const hasProcesses = false;
