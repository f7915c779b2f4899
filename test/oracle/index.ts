export { campaign } from './campaign.js';
export { writeTable } from './table.js';
export { variants } from './variants.js';
