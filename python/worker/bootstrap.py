"""Receives the worker program on the control socket, whose descriptor is argv[1], and runs it as package forebay."""

import sys

if sys.version_info < (3, 9):  # the master finds out and says so better; the program would only fail in many lines
    sys.exit("forebay's worker needs Python 3.9 or newer")

# "python -c" puts the working directory first. An application's socket.py must not be taken for the library's.
sys.path[:] = [entry for entry in sys.path if entry]

import marshal
import os
import socket
from importlib.machinery import ExtensionFileLoader, ModuleSpec


class Sources:
    """A finder and loader (PEP 451) of modules whose text is in memory; get_source shows their lines in tracebacks."""

    def __init__(self, texts):
        self.texts = texts

    def find_spec(self, name, path=None, target=None):
        if name not in self.texts:
            return None
        if isinstance(self.texts[name], bytes):
            return ModuleSpec(name, Native(name, self.texts[name]))
        package = any(other.startswith(name + ".") for other in self.texts)
        return ModuleSpec(name, self, is_package=package)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        name = module.__name__.partition(".")[2] or "__init__"
        exec(compile(self.texts[module.__name__], f"<forebay>/{name}.py", "exec"), module.__dict__)

    def get_source(self, name):
        return self.texts[name]


class Native:
    """A loader (PEP 451) of a module of native code that is in memory. Whatever is in its way, it is an ImportError."""

    def __init__(self, name, code):
        self.name, self.code = name, code

    def create_module(self, spec):
        # The stable ABI (PEP 384) is that of a CPython with the GIL; its letters say what else a build may be.
        if sys.implementation.name != "cpython" or sys.abiflags:
            raise ImportError("native code is for CPython with the GIL, and for no build to find faults with")
        try:
            with open(os.memfd_create("forebay-native"), "wb") as file:
                file.write(self.code)
                file.flush()
                spec.origin = f"/proc/self/fd/{file.fileno()}"
                self.loader = ExtensionFileLoader(self.name, spec.origin)
                return self.loader.create_module(spec)
        except (AttributeError, OSError) as error:  # a Python that was built for older systems has no memfd_create
            raise ImportError(f"there is no memory for native code: {error}") from None

    def exec_module(self, module):
        self.loader.exec_module(module)


def receive(control, size):
    data = b""
    while len(data) < size:
        part = control.recv(size - len(data))
        if not part:
            sys.exit("the master went away before the worker program had arrived")
        data += part
    return data


def main():
    control = socket.socket(fileno=int(sys.argv[1]))
    control.setblocking(True)
    head = receive(control, 6)
    texts = marshal.loads(receive(control, int.from_bytes(head[:4], "little")))
    sys.meta_path.insert(0, Sources(texts))
    from forebay import loop

    loop.main(control)


main()
