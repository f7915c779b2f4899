// @ts-check
/** Whether the server has several SFU nodes, and the route /nodes. */
export const hasNodes = false;
