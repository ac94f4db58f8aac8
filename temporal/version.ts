// Which Temporal CLI we get or build, and which others will do.

/** Of the Temporal CLI; go.mod builds the same. */
export const cliVersion = '1.8.2';

/** Of the server inside a CLI: Waymark was measured and tested on none before it. */
export const oldestServer = '1.31.0';
