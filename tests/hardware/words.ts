/** What the guest says on its console for the program outside. */

/** Please press the button on line 3. */
export const EDGE_PLEASE = "EDGE PLEASE";
export const THE_END = "THE END";
