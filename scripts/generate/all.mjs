/** Makes every file of definitions/ anew from HL7's own: `npm run generate`. */
await import('./definitions.mjs');
await import('./search-parameters.mjs');
await import('./compartments.mjs');
