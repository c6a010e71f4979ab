"""A temperature sensor: replace the random value with one from MQTT or from a file in /sys."""
import random


async def setup(agent):
    await agent.log("DHT22 sensor agent ready")


async def process(agent):
    temp = round(20 + random.uniform(-2, 2), 1)
    await agent.publish("sensors/temperature", {"value": temp, "unit": "C", "node": agent.node})
    await agent.log(f"Temperature: {temp}C")
