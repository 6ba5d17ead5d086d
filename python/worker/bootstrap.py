"""Receives the worker program on the control socket, whose descriptor is argv[1], and runs it as package forebay."""

import sys

if sys.version_info < (3, 9):  # the master finds out and says so better; the program would only fail in many lines
    sys.exit("forebay's worker needs Python 3.9 or newer")

# "python -c" puts the working directory first. An application's socket.py must not be taken for the library's.
sys.path[:] = [entry for entry in sys.path if entry]

import marshal
import socket
from importlib.machinery import ModuleSpec


class Sources:
    """A finder and loader (PEP 451) of modules whose text is in memory; get_source shows their lines in tracebacks."""

    def __init__(self, texts):
        self.texts = texts

    def find_spec(self, name, path=None, target=None):
        if name not in self.texts:
            return None
        package = any(other.startswith(name + ".") for other in self.texts)
        return ModuleSpec(name, self, is_package=package)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        name = module.__name__.partition(".")[2] or "__init__"
        exec(compile(self.texts[module.__name__], f"<forebay>/{name}.py", "exec"), module.__dict__)

    def get_source(self, name):
        return self.texts[name]


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
