// @ts-check
/** Whether the server has several SFU nodes, and the route /nodes. */
export const hasNodes = false;
/** Whether several relay processes share the rooms, and the route /processes. */
export const hasProcesses = false;
