"""The agent API in Python: the object that agent code receives, and how the harness calls that code."""
import ast
import asyncio
import base64
import builtins
import dataclasses
import datetime
import decimal
import errno
import inspect
import json
import linecache
import logging
import random
import re
import socket
import subprocess
import sys
import threading
import time
import traceback
import types
import uuid

from pyodide.ffi import JsException, JsProxy, create_proxy

MAX_TRACEBACK_CHARS = 800
_LEVELS = ((logging.ERROR, "error"), (logging.WARNING, "warning"), (logging.INFO, "info"))
_DEVICE_MODULES = frozenset(
    "RPi gpiozero gpiod pigpio lgpio smbus smbus2 spidev picamera picamera2 serial usb bluepy bleak bluetooth "
    "w1thermsensor sense_hat".split()
)
_GPIO_MODULES = frozenset("RPi gpiozero gpiod pigpio lgpio".split())
_SENSOR_MODULES = frozenset(["w1thermsensor"])
_NETWORK_MODULES = frozenset("requests httpx aiohttp urllib3 paho aiomqtt websockets websocket pycurl".split())
_NO_NETWORK = (
    "agents in Python have no network: use agent.publish, subscribe and send_to, a program beside the node, or an agent in "
    "TypeScript with \"permissions\""
)


class DeviceError(OSError):
    """A request for a device that failed. code: not_granted, not_found, failed, timeout or busy."""

    code = "failed"


_JS_ERRORS = {"TypeError": TypeError, "RangeError": ValueError, "DeviceError": DeviceError}


def to_json(value):
    """JSON in the same form as the Python node's."""
    return json.dumps(value, default=_plain, allow_nan=False, ensure_ascii=False)


def _plain(value):
    if isinstance(value, JsProxy):
        return value.to_py()
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    # numpy arrays and numbers, and types with the same methods.
    for method in ("tolist", "item"):
        if callable(getattr(value, method, None)):
            return getattr(value, method)()
    raise TypeError(f"a value of type {type(value).__name__} has no JSON: use dict, list, str, int, float, bool or None")


def _text(value):
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list, tuple)):
        try:
            return to_json(value)
        except (TypeError, ValueError, RecursionError):
            pass
    return str(value)


def _as_python(error):
    """Turns the node's refusals, which are JavaScript errors, into Python exceptions."""
    own = _JS_ERRORS.get(getattr(error, "name", ""), RuntimeError)(error.message)
    if isinstance(own, DeviceError):
        own.code = getattr(error, "code", own.code)
    return own


def _call(function, *args):
    try:
        return function(*args)
    except JsException as error:
        raise _as_python(error) from None


async def _call_async(function, *args):
    try:
        return await function(*args)
    except JsException as error:
        raise _as_python(error) from None


def _received(kind, data):
    """A payload from the harness: JSON text, other text, or bytes."""
    if kind == "json":
        return json.loads(data)
    return data if kind == "text" else data.to_bytes()


class _Done:
    """The result of a call that is already complete; agent code may still await it."""

    def __await__(self):
        return iter(())


class Broker(dict):
    """host, port and url, as items and as attributes."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Signal:
    """Set when the agent is asked to stop."""

    def __init__(self, api):
        self._api = api

    @property
    def aborted(self):
        return self._api.aborted()

    is_set = lambda self: self._api.aborted()

    async def wait(self):
        await self._api.stopping()


class Agent:
    """The object that every function of an agent receives."""

    def __init__(self, api, identity):
        self._api = api
        self.name = identity["name"]
        self.actor_id = identity["actor_id"]
        self.node = identity["node"]
        self.broker = Broker(identity["broker"])
        self.state = {}
        self.signal = Signal(api)

    def __repr__(self):
        return f"<agent {self.name} on {self.node}>"

    async def publish(self, topic, data, qos=1, retain=False, local=False):
        """Publishes to any topic except control topics: str and bytes unchanged, everything else as JSON."""
        if isinstance(data, (bytes, bytearray, memoryview)):
            await _call_async(self._api.publish_bytes, topic, bytes(data), qos, retain, local)
            return
        text = data if isinstance(data, str) else to_json(data)
        await _call_async(self._api.publish_text, topic, text, qos, retain, local)

    async def log(self, message):
        await _call_async(self._api.log, _text(message))

    async def alert(self, message, severity="warning"):
        await _call_async(self._api.alert, _text(message), severity)

    async def publish_result(self, data):
        await _call_async(self._api.publish_result, to_json(data))

    async def publish_detection(self, data):
        await _call_async(self._api.publish_detection, to_json(data))

    async def reading(self, kind, value, unit=None, name=None):
        """Publishes a number that was measured: await agent.reading("temperature", 21.4, unit="°C")"""
        options = {key: text for key, text in (("unit", unit), ("name", name)) if text is not None}
        await _call_async(self._api.reading, kind, to_json(value), json.dumps(options))

    async def switch(self, name, on_change, on=False):
        """Offers a switch that tasks turn: await agent.switch("lamp", on_change)"""
        if not callable(on_change):
            raise TypeError(f"Cannot offer the switch {name}: on_change must be a function")
        proxy = create_proxy(lambda on: _outcome(on_change, on))
        try:
            return Switch(name, await _call_async(self._api.offer_switch, name, on, proxy))
        except BaseException:
            proxy.destroy()
            raise

    async def set_status(self, text):
        await _call_async(self._api.set_status, _text(text))

    def persist(self, key, value):
        """Stores a JSON value in the state file. It is on disk when the call returns."""
        _call(self._api.persist, key, to_json(value))
        return _Done()

    def recall(self, key, fallback=None):
        found = _call(self._api.recall, key)
        return fallback if found is None else json.loads(found)

    async def send_to(self, name, payload, timeout=30):
        """Calls another agent's handle_task and returns its reply, or None after `timeout` seconds."""
        return json.loads(await _call_async(self._api.send_to, name, to_json(payload), timeout))

    delegate = send_to

    def agents(self):
        return json.loads(self._api.agents())

    def secret(self, name):
        return _call(self._api.secret, name)

    async def subscribe(self, filter, handler):
        """Calls handler(payload, topic) for each message; returns a function that ends it."""
        if not callable(handler):
            raise TypeError(f"Cannot subscribe to {filter}: the handler must be a function")

        def deliver(kind, data, topic):
            return _outcome(handler, _received(kind, data), topic)

        proxy = create_proxy(deliver)
        try:
            end = await _call_async(self._api.subscribe, filter, proxy)
        except BaseException:
            proxy.destroy()
            raise

        async def unsubscribe():
            await _call_async(end)

        return unsubscribe

    async def sensors(self):
        """The sensors that the spawn config asks for: id, kind, unit, name, of, failures of each."""
        return json.loads(await _call_async(self._api.sensors))

    def sensor(self, id):
        """A sensor by its id, or the first of a kind: await agent.sensor("temperature").read()"""
        return Sensor(self._api, id)

    async def gpio(self, line, **options):
        """Opens a line of a GPIO chip: await agent.gpio("GPIO17", direction="out", safe=0)"""
        return GpioLine(line, await _call_async(self._api.gpio, line, json.dumps(options)))

    async def i2c(self, bus, address):
        """Opens a device on an I2C bus: await agent.i2c(1, 0x76)"""
        return I2cDevice(bus, address, await _call_async(self._api.i2c, bus, address))

    async def spi(self, device, **options):
        """Opens an SPI device: await agent.spi("0.0", mode=0, speed_hz=500000)"""
        return SpiDevice(device, await _call_async(self._api.spi, device, json.dumps(options)))

    async def pwm(self, channel, **options):
        """Opens a PWM channel: await agent.pwm("0.1", frequency_hz=25000, duty=0.5, safe=0)"""
        return PwmChannel(channel, await _call_async(self._api.pwm, channel, json.dumps(options)))

    async def serial(self, path, **options):
        """Opens a serial port: await agent.serial("/dev/ttyUSB0", baudRate=9600), or baud_rate"""
        options = {re.sub("_(.)", lambda found: found[1].upper(), name): value for name, value in options.items()}
        return SerialPort(path, await _call_async(self._api.serial, path, json.dumps(options)))


class Switch:
    """A switch that the agent offers."""

    def __init__(self, name, js):
        self._js = js
        self.name = name

    def __repr__(self):
        return f"<switch {self.name}>"

    @property
    def on(self):
        return self._js.on()

    async def set(self, on):
        """Publishes a state that the agent has brought about by itself."""
        await _call_async(self._js.set, on)


class SerialPort:
    """An open serial port."""

    def __init__(self, path, js):
        self._js = js
        self.path = path

    def __repr__(self):
        return f"<port {self.path}>"

    async def read(self):
        """What has come: at least a byte, or b"" after close()."""
        return base64.b64decode(await _call_async(self._js.read) or "")

    async def __aiter__(self):
        while data := await self.read():
            yield data

    async def lines(self):
        """The lines that come, as bytes without their ends."""
        rest = b""
        async for data in self:
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield line.removesuffix(b"\r")

    async def write(self, data):
        await _call_async(self._js.write, _base64(data))

    async def close(self):
        await _call_async(self._js.close)


class GpioLine:
    """An open GPIO line."""

    def __init__(self, line, js):
        self._js = js
        self.line = line

    def __repr__(self):
        return f"<line {self.line}>"

    @property
    def lost(self):
        return self._js.lost()

    async def read(self):
        return await _call_async(self._js.read)

    async def write(self, value):
        await _call_async(self._js.write, int(value))

    async def close(self):
        await _call_async(self._js.close)

    async def edges(self):
        """The changes, each with value and timestamp, until the line is closed or the agent stops."""
        while (edge := await _call_async(self._js.next_edge)) is not None:
            yield json.loads(edge)

    def on_edge(self, handler):
        """Calls handler(edge) for each change."""

        async def listen():
            async for edge in self.edges():
                result = handler(edge)
                if inspect.isawaitable(result):
                    await result

        return asyncio.ensure_future(listen())


class I2cDevice:
    """An open device on an I2C bus."""

    def __init__(self, bus, address, js):
        self._js = js
        self.bus = bus
        self.address = address

    def __repr__(self):
        return f"<i2c {self.bus}:0x{self.address:02x}>"

    async def read(self, length):
        """`length` bytes."""
        return (await self.transfer([{"read": length}]))[0]

    async def write(self, data):
        await self.transfer([{"write": data}])

    async def transfer(self, parts):
        """{"write": bytes} and {"read": length} in one go; returns the bytes of each read."""
        parts = [{"write": _base64(part["write"])} if "write" in part else {"read": part["read"]} for part in parts]
        return [base64.b64decode(text) for text in json.loads(await _call_async(self._js.transfer, json.dumps(parts)))]

    async def close(self):
        await _call_async(self._js.close)


class SpiDevice:
    """An open SPI device."""

    def __init__(self, device, js):
        self._js = js
        self.device = device

    def __repr__(self):
        return f"<spi {self.device}>"

    async def transfer(self, data):
        """Writes `data`; returns as many bytes, read at the same time."""
        return base64.b64decode(await _call_async(self._js.transfer, _base64(data)))

    async def close(self):
        await _call_async(self._js.close)


class PwmChannel:
    """An open PWM channel."""

    def __init__(self, channel, js):
        self._js = js
        self.channel = channel

    def __repr__(self):
        return f"<pwm {self.channel}>"

    async def set(self, duty):
        """Sets the active part of a period, 0 to 1."""
        await _call_async(self._js.set, duty)

    async def close(self):
        await _call_async(self._js.close)


def _base64(data):
    return base64.b64encode(bytes(data)).decode()


class Sensor:
    def __init__(self, api, id):
        self._api = api
        self.id = id

    def __repr__(self):
        return f"<sensor {self.id}>"

    async def read(self):
        """value, unit, kind, sensor and timestamp of its reading."""
        return json.loads(await _call_async(self._api.read_sensor, self.id))


class _LogHandler(logging.Handler):
    def __init__(self, write):
        super().__init__()
        self._write = write
        self.setFormatter(_Formatter())

    def emit(self, record):
        level = next((name for least, name in _LEVELS if record.levelno >= least), "debug")
        self._write(level, self.format(record))


class _Formatter(logging.Formatter):
    def format(self, record):
        text = super().format(record)
        return text if record.name == "root" else f"{record.name}: {text}"

    def formatException(self, info):
        return _traceback_of(info[1]).rstrip()


_module = None
_agent = None
_file = ""


def start(api, identity):
    """Makes the agent object; called once, before the code is loaded."""
    global _agent, _file
    identity = json.loads(identity)
    _agent = Agent(api, identity)
    _file = f"{identity['name']}.py"
    logging.getLogger().addHandler(_LogHandler(api.write))
    logging.getLogger().setLevel(logging.INFO)
    asyncio.get_event_loop().set_exception_handler(_log_unhandled)
    _say_what_is_missing()
    _know_time_zone()
    # Sleeping must cost no processor time.
    time.sleep = lambda seconds: _sleep(api, seconds)
    # All agents may share this module from a snapshot.
    random.seed()


def _know_time_zone():
    """Corrects the zone that `time` read when it was imported: the snapshot may be from another zone."""
    year = time.gmtime().tm_year
    january, july = (
        time.localtime(datetime.datetime(year, month, 1, tzinfo=datetime.timezone.utc).timestamp()) for month in (1, 7)
    )
    standard, summer = sorted((january, july), key=lambda local: local.tm_gmtoff)
    time.timezone, time.altzone = -standard.tm_gmtoff, -summer.tm_gmtoff
    time.daylight = int(time.timezone != time.altzone)
    time.tzname = (standard.tm_zone, summer.tm_zone)


def _log_unhandled(loop, context):
    """Logs an exception of a task or a callback that nobody awaits, as asyncio does, with the agent's own lines."""
    message = context.get("message") or "Unhandled exception in event loop"
    logging.getLogger("asyncio").error(message, exc_info=context.get("exception"))


def _say_what_is_missing():
    """Makes unavailable modules and functions fail with an error that names an alternative."""

    def refuse(make):
        def refusal(*args, **kwargs):
            raise make()

        return refusal

    no_network = refuse(lambda: OSError(errno.ENETUNREACH, _NO_NETWORK))
    for name in ("connect", "connect_ex", "bind", "sendto"):
        setattr(socket.socket, name, no_network)
    socket.getaddrinfo = no_network
    threading.Thread.start = refuse(
        lambda: RuntimeError("can't start new thread: agents have one. Use asyncio.create_task")
    )
    subprocess.Popen.__init__ = refuse(
        lambda: PermissionError("agents cannot start programs: let one beside the node do it, and talk to it by topics")
    )
    builtins.input = refuse(lambda: EOFError("agents have no standard input: ask for it by handle_task or subscribe"))


def _sleep(api, seconds):
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    sys.stdout.flush()
    api.sleep(seconds * 1000)


def _compile(code):
    """The code object. The text may be indented as a whole; lines and columns are those of the text."""
    code = code.removeprefix("\ufeff")
    linecache.cache[_file] = (len(code), None, code.splitlines(keepends=True), _file)
    try:
        return compile(code, _file, "exec", dont_inherit=True)
    except IndentationError as error:
        if not _begins_indented(code):
            raise
        return compile(_parse_block(code, error), _file, "exec", dont_inherit=True)


def _begins_indented(code):
    return re.match(r"(?:[ \t\f]*(?:#[^\n]*)?\r?\n)*[ \t]+[^\s#]", code) is not None


def _parse_block(code, error):
    """The syntax tree of indented code. Removing the indentation would change multi-line strings."""
    try:
        tree = ast.parse(f"if 1:\n{code}", _file)
    except SyntaxError as inner:
        raise _one_line_up(inner) from None
    if len(tree.body) != 1:
        # The code continues without the indentation.
        raise error
    tree.body = tree.body[0].body
    return ast.increment_lineno(tree, -1)


def _one_line_up(error):
    up = lambda line: line and line - 1
    msg = re.sub(r"(?<=on line )\d+", lambda found: str(up(int(found[0]))), error.msg)
    file, line, offset, text, end_line, end_offset = error.args[1][:6]
    return type(error)(msg, (file, up(line), offset, text, up(end_line), end_offset))


def _parse(code):
    """The syntax tree of code that compiles."""
    code = code.removeprefix("\ufeff")
    if not _begins_indented(code):
        return ast.parse(code)
    tree = ast.parse(f"if 1:\n{code}")
    tree.body = tree.body[0].body
    return tree


def check(code):
    """How the code reads as Python: "" if it does not parse, "names" if it uses undefined names, else "python"."""
    try:
        _compile(code)
        tree = _parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    used, bound = set(), set(dir(builtins)) | {"__name__", "__file__"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
    return "python" if used <= bound else "names"


FUNCTION_NAMES = ("setup", "process", "handle_task", "handleTask")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def functions_in(body):
    """The functions of a module that a node may call: defined at the top level, or imported and listed in __all__."""
    nodes = {name: node for name, node, _ in _bindings(body) if not isinstance(getattr(node, "value", None), ast.Constant)}
    defined, _ = names_in(body)
    return {name: nodes[name] for name in FUNCTION_NAMES if name in nodes and (name in defined or name in _listed(body))}


def names_in(body):
    """The names that a module's top level defines, and those it imports; "*" stands for all names of an import of *."""
    bindings = list(_bindings(body))
    defined = {name for name, _, is_import in bindings if not is_import}
    return defined, {name for name, _, is_import in bindings if is_import} - defined


def _bindings(body):
    """Each name that is bound outside functions and classes, also conditionally: name, node, whether it is imported."""
    for node in body:
        is_import = isinstance(node, (ast.Import, ast.ImportFrom))
        for name in binds(node):
            yield name, node, is_import
        if isinstance(node, _DEFINITIONS):
            continue
        for target in getattr(node, "targets", None) or [getattr(node, "target", None)]:
            for inner in ast.walk(target) if isinstance(target, ast.AST) else ():
                for name in binds(inner):
                    yield name, node, False
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            for inner in getattr(node, field, None) or []:
                yield from _bindings(inner.body if isinstance(inner, (ast.ExceptHandler, ast.match_case)) else [inner])


def _listed(body):
    """The names in __all__, as far as they are literals."""
    values = [node.value for node in body if isinstance(node, ast.Assign) and "__all__" in map(_name_of, node.targets)]
    return {each.value for value in values for each in getattr(value, "elts", ()) if isinstance(each, ast.Constant)}


def _name_of(node):
    return getattr(node, "id", None)


def binds(node):
    """The names that a node itself binds."""
    match node:
        case ast.Import(names=names):
            return {alias.asname or alias.name.split(".")[0] for alias in names}
        case ast.ImportFrom(names=names):
            return {alias.asname or alias.name for alias in names}
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return {name}
        case ast.arg(arg=name) | ast.MatchMapping(rest=str(name)):
            return {name}
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return set(names)
        case _ if isinstance(getattr(node, "name", None), str) and not isinstance(node, ast.alias):
            # Functions, classes, handlers of exceptions, captures of patterns, parameters of types.
            return {node.name}
    return set()


async def load(code):
    """Runs the module. Returns its functions, or the error, as JSON. Async, so that the module itself can wait for hardware."""
    global _module
    try:
        compiled = _compile(code)
        _module = types.ModuleType("agent")
        _module.__file__ = _file
        sys.modules["agent"] = _module
        exec(compiled, _module.__dict__)
        body = _parse(code).body
        found, (defined, imported) = functions_in(body), names_in(body)
        # Names defined by other means, such as globals(), count too.
        elsewhere = imported if "*" not in imported else set(FUNCTION_NAMES) - defined
        names = [
            name for name in FUNCTION_NAMES
            if callable(getattr(_module, name, None)) and (name in found or name not in elsewhere)
        ]
        present = [name for name in defined if callable(getattr(_module, name, None))]
        return json.dumps({"value": {"functions": names, "present": present, "imported": list(imported)}})
    except BaseException as error:
        return json.dumps(describe(error))
    finally:
        sys.stdout.flush()


async def call(name):
    """Calls setup() or process()."""
    return await _outcome(getattr(_module, name), _agent)


async def task(kind, data):
    handler = getattr(_module, "handle_task", None) or getattr(_module, "handleTask")
    return await _outcome(handler, _agent, _received(kind, data), result=True)


async def _outcome(function, *args, result=False):
    """Calls agent code, whether a coroutine function or not. Returns the outcome as JSON."""
    try:
        value = function(*args)
        if inspect.isawaitable(value):
            value = await value
        return '{"value":%s}' % (to_json(value) if result else "null")
    except BaseException as error:
        return json.dumps(describe(error))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def describe(error):
    """The text of an error, and where in the agent's code it arose."""
    try:
        _explain(error)
        return {"error": str(error) or type(error).__name__, "traceback": _traceback_of(error)}
    except BaseException:
        # Reading the error fails; that must not hide that it was raised.
        return {"error": type(error).__name__, "traceback": type(error).__name__}


def _explain(error):
    """Adds to the error of a missing module what to do."""
    if not isinstance(error, ModuleNotFoundError) or ":" in error.msg:
        return
    top = (error.name or "").partition(".")[0]
    if top in sys.stdlib_module_names:
        error.msg += ": this part of the standard library does not exist in an agent"
    elif top.startswith("adafruit_"):
        package = top.removeprefix("adafruit_").replace("_", "")
        error.msg += f': name its package in "install" of the spawn config, such as ["pypi:adafruit-circuitpython-{package}"]'
    elif top in _DEVICE_MODULES:
        error.msg += f": it needs the device's own hardware, which no agent can reach by itself. {_instead_of(top)}"
    elif top in _NETWORK_MODULES:
        error.msg += f": {_NO_NETWORK}"
    elif top:
        error.msg += f": name its package in \"install\" of the spawn config, such as [\"pypi:{top}\"]"


def _instead_of(module):
    """What to write in place of a module for hardware."""
    if module in _GPIO_MODULES:
        return 'The node does it: line = await agent.gpio("GPIO17", direction="out", safe=0)'
    if module in ("smbus", "smbus2"):
        return "The node does it: device = await agent.i2c(1, 0x76)"
    if module == "serial":
        return 'The node does it: port = await agent.serial("/dev/ttyUSB0", baud_rate=9600)'
    if module in _SENSOR_MODULES:
        return 'The node does it: reading = await agent.sensor("temperature").read()'
    return (
        "Let a small program outside the node read the device and publish its values, and subscribe to them here"
    )


def _traceback_of(error):
    shown = traceback.TracebackException.from_exception(error, compact=True)
    _keep_own_frames(shown)
    text = "".join(shown.format())
    if len(text) <= MAX_TRACEBACK_CHARS:
        return text
    # The error is at the end, the latest call just before it.
    head = "Traceback (most recent call last):\n  …\n"
    return head + text[len(head) - MAX_TRACEBACK_CHARS:]


def _keep_own_frames(shown):
    pending = [shown]
    seen = set()
    while pending:
        part = pending.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        own = [frame for frame in part.stack if frame.filename == _file]
        part.stack = traceback.StackSummary.from_list(own)
        pending += [part.__cause__, part.__context__, *(part.exceptions or [])]


def syntax_error(code):
    """Why the code does not parse, on one line."""
    try:
        _compile(code)
        return ""
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return str(error)
