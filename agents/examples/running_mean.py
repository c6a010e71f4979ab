"""Keeps the mean of the readings on sensors/# by topic, across restarts; a task returns it."""
import logging


async def setup(agent):
    agent.state["means"] = agent.recall("means", {})

    async def on_reading(payload, topic):
        if not isinstance(payload, dict) or not isinstance(payload.get("value"), (int, float)):
            logging.warning("no reading on %s: %r", topic, payload)
            return
        mean = agent.state["means"].setdefault(topic, {"count": 0, "mean": 0.0})
        mean["count"] += 1
        mean["mean"] += (payload["value"] - mean["mean"]) / mean["count"]
        agent.persist("means", agent.state["means"])
        if mean["count"] % 10 == 0:
            await agent.publish_result({"topic": topic, **mean})

    await agent.subscribe("sensors/#", on_reading)


async def handle_task(agent, payload):
    return agent.state["means"].get(payload.get("topic"), {"count": 0, "mean": None})
