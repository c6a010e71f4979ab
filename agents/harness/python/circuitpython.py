"""CircuitPython's modules for hardware, on top of the agent API: drivers that are written for them run unchanged.

board, busio, digitalio, microcontroller, micropython and adafruit_dht are imported from here. Their calls block, so other
functions of the agent may run while one of them waits for the node.
"""
import enum
import errno
import importlib.abc
import importlib.machinery
import re
import sys
import threading
import time
import types

from pyodide.ffi import can_run_sync, run_sync

import agentflow


def _wait(coroutine):
    """The result of a call to the node, without `await`."""
    if can_run_sync():
        return run_sync(coroutine)
    coroutine.close()
    raise RuntimeError("the hardware can be used in setup(), process(), handle_task() and at the top of the module, not here")


class Pin:
    """A pin of the board, by the number of its GPIO line."""

    def __init__(self, id):
        self.id = id
        self.line = f"GPIO{id}"

    def __repr__(self):
        return f"board.D{self.id}"

    def __eq__(self, other):
        return isinstance(other, Pin) and other.id == self.id

    def __hash__(self):
        return self.id


class _Closable:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.deinit()


class Direction(enum.Enum):
    INPUT = "in"
    OUTPUT = "out"


class Pull(enum.Enum):
    UP = "up"
    DOWN = "down"


class DriveMode(enum.Enum):
    PUSH_PULL = "push_pull"
    OPEN_DRAIN = "open_drain"


class DigitalInOut(_Closable):
    """A GPIO line. As an output it is low when its agent ends, unless `safe` says 1."""

    def __init__(self, pin, safe=0):
        self._pin, self._safe, self._line = pin, safe, None
        self.switch_to_input()

    def switch_to_input(self, pull=None):
        self._open(Direction.INPUT, **({} if pull is None else {"bias": Pull(pull).value}))
        self._pull = pull

    def switch_to_output(self, value=False, drive_mode=DriveMode.PUSH_PULL):
        if drive_mode is not DriveMode.PUSH_PULL:
            raise NotImplementedError("a line of the node is push-pull: there is no DriveMode.OPEN_DRAIN")
        self._open(Direction.OUTPUT, initial=int(value), safe=self._safe)

    def _open(self, direction, **options):
        self._close()
        self._line = _wait(agentflow._agent.gpio(self._pin.line, direction=direction.value, **options))
        self._direction = direction

    def _close(self):
        line, self._line = self._line, None
        if line is not None:
            _wait(line.close())

    def deinit(self):
        self._close()

    @property
    def direction(self):
        return self._direction

    @direction.setter
    def direction(self, direction):
        if Direction(direction) is Direction.INPUT:
            self.switch_to_input()
        else:
            self.switch_to_output()

    @property
    def value(self):
        return _wait(self._opened().read()) == 1

    @value.setter
    def value(self, value):
        if self._direction is not Direction.OUTPUT:
            raise AttributeError("Cannot set the value of an input: set direction to Direction.OUTPUT first")
        _wait(self._opened().write(int(bool(value))))

    @property
    def pull(self):
        if self._direction is not Direction.INPUT:
            raise AttributeError("Not an input")
        return self._pull

    @pull.setter
    def pull(self, pull):
        if self._direction is not Direction.INPUT:
            raise AttributeError("Not an input")
        self.switch_to_input(pull)

    @property
    def drive_mode(self):
        if self._direction is not Direction.OUTPUT:
            raise AttributeError("Not an output")
        return DriveMode.PUSH_PULL

    @drive_mode.setter
    def drive_mode(self, mode):
        if mode is not DriveMode.PUSH_PULL:
            raise NotImplementedError("a line of the node is push-pull: there is no DriveMode.OPEN_DRAIN")

    def _opened(self):
        if self._line is None:
            raise ValueError(f"{self._pin.line} has been closed by deinit()")
        return self._line


# A Raspberry Pi's: the clock and data lines of each bus.
_I2C_BUSES = {(1, 0): 0, (3, 2): 1}


class I2C(_Closable):
    """An I2C bus. It reaches the addresses that the spawn config asks for."""

    def __init__(self, scl, sda, frequency=100000):
        if (scl.id, sda.id) not in _I2C_BUSES:
            raise ValueError(f"No I2C bus has the lines {scl.line} and {sda.line}: use board.I2C(), which is bus 1")
        self._bus = _I2C_BUSES[scl.id, sda.id]
        self._devices = {}
        self._lock = threading.Lock()

    def try_lock(self):
        return self._lock.acquire(blocking=False)

    def unlock(self):
        self._lock.release()

    def scan(self):
        raise NotImplementedError('an agent reaches the addresses in "devices" of its spawn config, and cannot look for others')

    def writeto(self, address, buffer, *, start=0, end=None, stop=True):
        data = bytes(memoryview(buffer)[start:end])
        if not data:
            # Drivers that look whether a device is there then read a byte.
            raise OSError(errno.EOPNOTSUPP, "the node writes no empty message to an I2C device")
        self._transfer(address, [{"write": data}])

    def readfrom_into(self, address, buffer, *, start=0, end=None, stop=True):
        target = memoryview(buffer)[start:end]
        target[:] = self._transfer(address, [{"read": len(target)}])[0]

    def writeto_then_readfrom(
        self, address, out_buffer, in_buffer, *, out_start=0, out_end=None, in_start=0, in_end=None, stop=False
    ):
        data, target = bytes(memoryview(out_buffer)[out_start:out_end]), memoryview(in_buffer)[in_start:in_end]
        target[:] = self._transfer(address, [{"write": data}, {"read": len(target)}])[0]

    def _transfer(self, address, parts):
        return _wait(self._transfer_async(address, parts))

    async def _transfer_async(self, address, parts):
        if address not in self._devices:
            self._devices[address] = await agentflow._agent.i2c(self._bus, address)
        return await self._devices[address].transfer(parts)

    def deinit(self):
        devices, self._devices = self._devices, {}
        for device in devices.values():
            _wait(device.close())


class _Dht:
    """A sensor that the kernel's driver (dtoverlay=dht11) reads; which pin it is on, the overlay says."""

    def __init__(self, pin=None, use_pulseio=False):
        self._found = _wait(self._find())

    async def _find(self):
        sensors = await agentflow._agent.sensors()
        own = [sensor for sensor in sensors if "dht" in sensor["of"].lower()] or sensors
        by_kind = {sensor["kind"]: sensor["id"] for sensor in reversed(own)}
        missing = {"temperature", "humidity"} - set(by_kind)
        if missing:
            raise RuntimeError(
                f"DHT sensor not found: the node has no sensor of {' and '.join(sorted(missing))} for this agent. It needs "
                'dtoverlay=dht11,gpiopin=4 in config.txt, and "devices": {"sensors": ["temperature", "humidity"]} in the spawn config'
            )
        return by_kind

    def _read(self, kind):
        try:
            return _wait(agentflow._agent.sensor(self._found[kind]).read())["value"]
        except OSError as error:
            # What programs expect of a DHT, and try again after.
            raise RuntimeError(str(error)) from None

    @property
    def temperature(self):
        return self._read("temperature")

    @property
    def humidity(self):
        return self._read("humidity")

    def measure(self):
        self._read("temperature")

    def exit(self):
        pass


class DHT11(_Dht):
    pass


class DHT22(_Dht):
    pass


DHT21 = DHT22

_NAMED_PINS = {"SDA": 2, "SCL": 3, "MISO": 9, "MOSI": 10, "SCLK": 11, "SCK": 11, "CE0": 8, "CE1": 7, "TXD": 14, "RXD": 15}
_buses = {}


def _pin(name):
    number = _NAMED_PINS.get(name)
    if number is None and re.fullmatch("D[0-9]{1,2}", name):
        number = int(name[1:])
    if number is None:
        raise AttributeError(f"module 'board' has no attribute '{name}': pins are D0 to D99, for the lines GPIO0 to GPIO99")
    return Pin(number)


def _board_i2c():
    """The I2C bus 1, the same for all drivers."""
    if 1 not in _buses:
        _buses[1] = I2C(_pin("SCL"), _pin("SDA"))
    return _buses[1]


def _microcontroller_pin(name):
    found = re.fullmatch("GPIO([0-9]{1,2})", name)
    if found is None:
        raise AttributeError(f"module 'microcontroller.pin' has no attribute '{name}': pins are GPIO0 to GPIO99")
    return Pin(int(found[1]))


def _unchanged(value):
    return value


_MODULES = {
    "board": {"I2C": _board_i2c, "STEMMA_I2C": _board_i2c, "__getattr__": _pin},
    "busio": {"I2C": I2C},
    "digitalio": {"DigitalInOut": DigitalInOut, "Direction": Direction, "Pull": Pull, "DriveMode": DriveMode},
    "microcontroller": {
        "__path__": [], "Pin": Pin, "delay_us": lambda microseconds: time.sleep(microseconds / 1e6),
    },
    "microcontroller.pin": {"Pin": Pin, "__getattr__": _microcontroller_pin},
    "micropython": {"const": _unchanged, "native": _unchanged, "viper": _unchanged},
    "adafruit_dht": {"DHT11": DHT11, "DHT21": DHT21, "DHT22": DHT22},
}


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of this file. It comes first: a package's own adafruit_dht times pulses, which no agent can."""

    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name in _MODULES else None

    def create_module(self, spec):
        module = types.ModuleType(spec.name)
        vars(module).update(_MODULES[spec.name])
        return module

    def exec_module(self, module):
        """Nothing is left to do."""


sys.meta_path.insert(0, Finder())
