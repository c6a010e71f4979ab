#!/usr/bin/env node
// Keeps V8 from growing its young generation: 47 instead of 66 MiB with 50 agents.
require("./start.cjs")("agentflow-node.js", ["--v8-flags=--max-semi-space-size=1"]);
