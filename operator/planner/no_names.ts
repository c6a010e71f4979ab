/** Words that look like names but are not. */

/** Words that can appear in the position of a name. */
export const NO_NAMES: ReadonlySet<string> = new Set(
  ("a an the all any every each everything anything nothing it them that this these those him her one both " +
    "agent agents node nodes sensor sensors running online offline now here there on to from at and or not " +
    "with what which who me you").split(" "),
);
