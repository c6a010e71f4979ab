/** The operator's policy on the field: strict where attacks reach for more. `%dir%` stands for the operator's folder. */
export const POLICY = {
  permissions: { read: ["%dir%/open"], write: ["%dir%/open/out"], env: ["ACME_*"], net: ["127.0.0.2:9"] },
  agents: {
    "policy-*": { install: ["npm:ms"], topics: { publish: ["mine/#", "probe/#"], subscribe: ["mine/#"] } },
    "flood-*": { messages_per_second: 500, output_kb_per_second: 256 },
    "disk-*": { state_mb: 0.01 },
    "isolated-*": { broker: "none" },
    // An interpreter is larger than what the others are held to.
    "python-*": { memory_mb: 256 },
  },
} as const;
