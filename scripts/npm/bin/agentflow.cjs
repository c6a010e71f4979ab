#!/usr/bin/env node
require("./start.cjs")("agentflow.js");
