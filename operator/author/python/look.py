"""Inspects an agent's code without running it: its errors, its imports, and its calls to the outside."""
import ast
import builtins
import difflib
import importlib
import importlib.util
import inspect
import json
import sys
import textwrap
import warnings

import agentflow

_TASK = ("agent", "payload")
ENTRIES = {"setup": ("agent",), "process": ("agent",), "handle_task": _TASK, "handleTask": _TASK}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
MODULE_NAMES = {
    "__name__", "__file__", "__doc__", "__package__", "__loader__", "__spec__", "__builtins__", "__class__",
}
# Importing these runs something.
NOT_IMPORTED = {"antigravity", "this", "test", "idlelib", "turtledemo", "__main__"}
# Modules that create their names on demand.
OPEN_MODULES = {"js", "pyodide_js"}
HINDERED = {
    "no sockets: pyodide.http.pyfetch fetches, with the permission net": (
        "socket", "ssl", "socketserver", "http.client", "http.server", "urllib.request", "smtplib", "ftplib",
        "imaplib", "poplib", "xmlrpc.client",
    ),
    "no processes of its own": ("subprocess", "multiprocessing", "pty"),
    "no threads: use asyncio": ("threading", "_thread", "concurrent.futures"),
}
FETCHES = {"pyodide.http.pyfetch", "pyodide.http.open_url"}

_agent = agentflow.Agent(None, {"name": "", "actor_id": "", "node": "", "broker": {}})


def report(code):
    """The findings, as JSON."""
    try:
        look = Look(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return json.dumps({"reads_as": "", "problems": [_failure(error)]})
    return json.dumps({
        "reads_as": agentflow.check(code),
        "problems": look.problems,
        "notes": look.notes,
        "functions": list(look.entries),
        "names": look.names,
        "imported": look.imported,
        "imports": look.imports,
        "calls": look.calls,
    })


def _failure(error):
    """The message in CPython's words."""
    line, column = getattr(error, "lineno", None), getattr(error, "offset", None)
    message = getattr(error, "msg", None) or str(error) or "it is nested too deeply"
    return {"code": type(error).__name__, "message": message, "line": line, "column": column or (line and 1)}


class Look:
    def __init__(self, code):
        self.problems, self.notes, self.imports, self.calls = [], [], [], []
        self._tree, self._shift = self._parse(code)
        self._lines = code.splitlines()
        self.entries = agentflow.functions_in(self._tree.body)
        self.names, self.imported = map(list, agentflow.names_in(self._tree.body))
        self._aliases = {}
        self._look_at_imports(self._tree, False)
        self._look_at_entries()
        self._look_at_names()
        self._look_at_calls()

    def _parse(self, code):
        """Like a node, removes the common indentation of the whole block."""
        try:
            return self._compile(code), 0
        except IndentationError:
            dedented = textwrap.dedent(code)
            if dedented == code:
                raise
            first = next(line for line in code.splitlines() if line.strip())
            return self._compile(dedented), len(first) - len(first.lstrip())

    def _compile(self, code):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            # Some mistakes are only found after parsing.
            compile(code, "agent.py", "exec", dont_inherit=True)
        self.notes += [f"line {each.lineno}: {each.message}" for each in caught]
        return ast.parse(code)

    def _place(self, node):
        text = self._lines[node.lineno - 1].encode()[self._shift:][:node.col_offset]
        return {"line": node.lineno, "column": self._shift + len(text.decode(errors="ignore")) + 1}

    def _problem(self, node, message, code=None):
        self.problems.append({"code": code, "message": message, **self._place(node)})

    # Imports

    def _look_at_imports(self, node, guarded):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                self._aliases[alias.asname or top] = alias.name if alias.asname else top
                self._look_at_import(node, alias.name, (), guarded)
        elif isinstance(node, ast.ImportFrom):
            if node.level > 0:
                self._problem(node, "a node gets this one file alone: it cannot import one beside it", "ImportError")
                return
            for alias in node.names:
                self._aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            self._look_at_import(node, node.module, [alias.name for alias in node.names], guarded)
        for field, value in ast.iter_fields(node):
            inner = guarded or isinstance(node, ast.If) or (field == "body" and _expects_absence(node))
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self._look_at_imports(child, inner)

    def _look_at_import(self, node, module, names, guarded):
        top = module.split(".")[0]
        if top not in sys.stdlib_module_names and (top == "__main__" or importlib.util.find_spec(top) is None):
            self.imports.append({"module": top, "path": module, "guarded": guarded, **self._place(node)})
            return
        for hindrance, modules in HINDERED.items():
            if any(module == each or module.startswith(f"{each}.") for each in modules):
                self.notes.append(f"line {node.lineno}: {module}: an agent has {hindrance}")
        if top in NOT_IMPORTED or guarded:
            return
        try:
            loaded = importlib.import_module(module)
            for name in names:
                if name != "*" and top not in OPEN_MODULES and not hasattr(loaded, name):
                    self._look_at_submodule(node, module, name)
        except Exception as error:
            self._problem(node, str(error).splitlines()[0], type(error).__name__)

    def _look_at_submodule(self, node, module, name):
        try:
            importlib.import_module(f"{module}.{name}")
        except ImportError:
            self._problem(node, f"cannot import name '{name}' from '{module}'", "ImportError")

    # The functions that a node calls, and their use of the agent

    def _look_at_entries(self):
        handles = {"agent"}
        entries = [node for node in self.entries.values() if isinstance(node, FUNCTIONS)]
        for node in entries:
            self._look_at_signature(node)
            parameters = node.args.posonlyargs + node.args.args
            if parameters:
                handles.add(parameters[0].arg)
                self._look_at_agent(node, parameters[0].arg, self._problem)
        for node in ast.walk(self._tree):
            # Probably the agent, passed on, but this is not certain.
            if isinstance(node, FUNCTIONS) and node not in entries:
                for name in handles & _parameters(node):
                    self._look_at_agent(node, name, self._doubt)

    def _doubt(self, node, message, code=None):
        self.notes.append(f"line {node.lineno}: {message}")

    def _look_at_signature(self, node):
        given, args = ENTRIES[node.name], node.args
        positional = len(args.posonlyargs) + len(args.args)
        fits = positional - len(args.defaults) <= len(given) and (positional >= len(given) or args.vararg)
        if not node.decorator_list and (not fits or None in args.kw_defaults):
            self._problem(node, f"a node calls {node.name}({', '.join(given)}): it does not take that", "TypeError")
        if any(isinstance(each, (ast.Yield, ast.YieldFrom)) for each in _inside(node)):
            self._problem(node, f"{node.name} must not yield: its body would never run", "TypeError")

    def _look_at_agent(self, function, name, say):
        nodes = list(_inside(function, name))
        if any(_is_name(each, name) and not isinstance(each.ctx, ast.Load) for each in nodes):
            return
        members = [each for each in nodes if isinstance(each, ast.Attribute) and _is_name(each.value, name)]
        attributes = [each for each in ast.walk(self._tree) if isinstance(each, ast.Attribute)]
        known = set(dir(_agent)) | {each.attr for each in attributes if isinstance(each.ctx, ast.Store)}
        for each in members:
            if each.attr not in known:
                public = [member for member in known if not member.startswith("_")]
                say(each, f"'Agent' has no attribute '{each.attr}'{_suggestion(each.attr, public)}", "AttributeError")
        for each in nodes:
            if isinstance(each, ast.Call) and _is_method(each.func, name):
                self._look_at_arguments(each, say)
            elif isinstance(each, (ast.Expr, ast.Await)) and isinstance(each.value, ast.Call):
                self._look_at_waiting(each, each.value.func, name, say)

    def _look_at_waiting(self, node, function, name, say):
        if not _is_method(function, name):
            return
        method, is_awaited = function.attr, isinstance(node, ast.Await)
        if inspect.iscoroutinefunction(getattr(_agent, method)) and not is_awaited:
            how = f"await agent.{method}(…), in an async def"
            say(node, f"agent.{method}(…) does nothing unless it is awaited: {how}", "RuntimeWarning")
        # The result of persist may be awaited.
        elif not inspect.iscoroutinefunction(getattr(_agent, method)) and is_awaited and method != "persist":
            say(node, f"agent.{method}(…) gives its value at once: it cannot be awaited", "TypeError")

    def _look_at_arguments(self, call, say):
        if any(isinstance(each, ast.Starred) for each in call.args) or any(each.arg is None for each in call.keywords):
            return
        method = call.func.attr
        try:
            inspect.signature(getattr(_agent, method)).bind(*call.args, **{each.arg: None for each in call.keywords})
        except TypeError as error:
            say(call, f"agent.{method}(): {error}", "TypeError")

    # Undefined names

    def _look_at_names(self):
        nodes = list(_without_annotations(self._tree))
        loaded = [each for each in nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)]
        bound = set(dir(builtins)) | MODULE_NAMES
        for node in nodes:
            bound |= agentflow.binds(node)
        if "*" in bound or any(each.id in ("exec", "globals", "locals", "vars") for each in loaded):
            self.notes.append("names are not checked: an import of *, exec or globals() may define them")
            return
        for node in {each.id: each for each in reversed(loaded)}.values():
            if node.id not in bound:
                self._problem(node, f"name '{node.id}' is not defined{_suggestion(node.id, bound)}", "NameError")

    # Calls to the outside

    def _look_at_calls(self):
        for node in ast.walk(self._tree):
            if not isinstance(node, ast.Call):
                continue
            name = self._resolve(node.func)
            first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
            argument = json.dumps(first, ensure_ascii=False) if isinstance(first, str) else ""
            if name in FETCHES:
                self.calls.append({"text": f"fetch({argument})", "line": node.lineno})
            elif name.startswith("js."):
                callee = name[len("js."):]
                made = f"new {callee.removesuffix('.new')}" if callee.endswith(".new") else callee
                self.calls.append({"text": f"{made}({argument})", "line": node.lineno})
            elif name in ("open", "io.open") and argument:
                where = "files of an agent in Python are its own, in memory: none of the device's is there"
                self.notes.append(f"line {node.lineno}: open({argument}): {where}")

    def _resolve(self, node):
        parts = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self._aliases.get(node.id, node.id), *reversed(parts)])


def _expects_absence(node):
    """Whether it is a try statement that tolerates a failed import."""
    if not isinstance(node, ast.Try):
        return False
    types = [handler.type or ast.Name("Exception") for handler in node.handlers]
    caught = {each.id for type_ in types for each in ast.walk(type_) if isinstance(each, ast.Name)}
    return bool(caught & {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


def _parameters(node):
    args = node.args
    return {each.arg for each in [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg] if each}


def _inside(node, name=None):
    """Everything in a function except nested functions; with `name`, includes nested functions that do not rebind it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.Lambda)) and (name is None or name in _parameters(child)):
            continue
        yield child
        yield from _inside(child, name)


def _without_annotations(node):
    """Annotations are only evaluated on demand."""
    yield node
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _without_annotations(child)


def _is_name(node, name):
    return isinstance(node, ast.Name) and node.id == name


def _is_method(node, name):
    is_member = isinstance(node, ast.Attribute) and _is_name(node.value, name)
    return is_member and inspect.ismethod(getattr(_agent, node.attr, None))


def _suggestion(name, known):
    close = difflib.get_close_matches(name, sorted(known), 1)
    return f". Did you mean: '{close[0]}'?" if close else ""
