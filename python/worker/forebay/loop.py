"""The life of a worker process: it boots, its threads serve, its main thread obeys the control socket."""

from __future__ import annotations

import contextlib
import errno
import faulthandler
import fcntl
import importlib.util
import io
import marshal
import mmap
import os
import platform
import select
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import Any, NoReturn

from . import fault, frame
from .app import Application, LoadError, load
from .environ import Boot, Environ, base
from .frame import (
    BOOT,
    CANCEL,
    DRAIN,
    ERROR,
    FAILED,
    FREE,
    INTERRUPT,
    INTERRUPTED,
    PING,
    READY,
    RECALL,
    RECALLED,
    REQUEST,
    REQUEST_FILE,
    REQUEST_ONCE,
    SERVING,
    STACK,
    STACKS,
    Frame,
    ProtocolError,
)
from .gate import LATER
from .hooks import Hooks
from .hooks import load as load_hooks
from .modules import Modules
from .response import hurry, respond
from .slot import COUNT, ClientGone, Slot
from .stack import stack_of, stacks
from .state import missing

# The master takes it for a fault of the application, which starting the worker again does not mend.
EXIT_NOT_LOADED = 3


def main(control: socket.socket) -> None:
    """Serves until the master says DRAIN. At the end of the control stream the process ends at once."""
    os.set_inheritable(control.fileno(), False)
    _set_manners()
    boot = _read_boot(control)
    sys.argv = [boot["spec"]]
    sys.path[:0] = boot["path"]
    if boot.get("template"):
        control, boot, app, hooks, modules = _be_forked(control, boot)
    else:
        app, hooks, modules = _prepare(control, boot)
    try:
        memory = _memory(boot.get("marks"), len(boot["slots"]))
        slots = [_open(*descriptors, *shared) for descriptors, shared in zip(boot["slots"], memory)]
        dump = _dump_to(boot.get("dump"))
    except (OSError, ValueError) as error:  # ValueError: it is another file now, and too short
        _fail(control, _closed(boot, error))
    _forget_in_children(control, slots)
    constant = base(boot["environ"], len(slots))
    threads = [_start(f"forebay-{number}", serve, slot, app, constant) for number, slot in enumerate(slots)]
    ready = {"threads": [thread.native_id for thread in threads], "dump_signal": dump, **_describe(boot)}
    modules.report()
    frame.tell(control, READY, ready)
    _obey(control, slots, modules, hooks)
    hooks.worker_exit()


def _prepare(control: socket.socket, boot: Boot) -> tuple[Application, Hooks, Modules]:
    """Becomes a worker that has nothing from others."""
    _set_name(boot.get("name", ""))
    _start("forebay-watch", _watch, control)
    modules = Modules(control, boot.get("modules", False))
    with _failing(control, modules):
        hooks = load_hooks(boot.get("hooks", ""))
        hooks.post_fork(boot)
        app = _load(boot)
    return app, hooks, modules


def _be_forked(control: socket.socket, boot: Boot) -> tuple[socket.socket, Boot, Application, Hooks, Modules]:
    """Becomes the template, and then, in a child, a worker: with the control socket and the orders of its own.

    The template has no thread besides the main one, as fork takes no other along. Until it reads from the control
    socket it is by the signal at the death of its parent that it ends with the master.
    """
    from . import template  # which most workers have no use for

    _set_name(boot.get("name", "") and boot["name"] + "-template")
    os.register_at_fork(after_in_child=control.close)  # also in what the application forks while it is imported
    modules = Modules(control, boot.get("modules", False))
    with _failing(control, modules):
        hooks = load_hooks(boot.get("hooks", ""))
        app = _load(boot)
        template.check()
        try:
            os.fstat(control.fileno())
        except OSError as error:
            raise _closed(boot, error) from None
    control, boot = template.serve(control, boot, _describe(boot))
    _set_name(boot.get("name", ""))
    _start("forebay-watch", _watch, control)
    modules = Modules(control, boot.get("modules", False))
    with _failing(control, modules):
        hooks.post_fork(boot)
    return control, boot, app, hooks, modules


def _load(boot: Boot) -> Application:
    """Loads the application, and asks it for what READY is to say of it."""
    app = load(boot["spec"])
    if boot.get("django"):
        from . import django  # which most workers have no use for

        boot["files"] = django.files(boot["spec"])
    return app


def _set_manners() -> None:
    faulthandler.enable()
    # ^C reaches the whole group; it is the master that is asked to stop. A handler that does nothing, unlike SIG_IGN,
    # is not inherited by the programs that the application starts.
    signal.signal(signal.SIGINT, lambda number, where: None)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")


def _set_name(name: str) -> None:
    """Sets what ps and top show. Only Linux has it so, and nothing depends on it."""
    if name:
        with contextlib.suppress(OSError), open("/proc/self/comm", "w", encoding="utf-8") as comm:
            comm.write(name)


def _dump_to(descriptor: int | None) -> int:
    """Has a signal write the stack of the thread that it is sent to, and returns its number, or 0 where there is none.

    It works where the main thread cannot: the GIL is not needed for it. A real-time signal is nobody else's.
    """
    number: int = getattr(signal, "SIGRTMAX", 0)
    if not descriptor or number == 0:
        return 0
    os.set_inheritable(descriptor, False)
    os.set_blocking(descriptor, False)  # a thread must not wait in a signal's handler for a master that does not read
    number -= 2
    faulthandler.register(number, file=descriptor, all_threads=False)

    def forget() -> None:
        faulthandler.unregister(number)
        os.close(descriptor)

    os.register_at_fork(after_in_child=forget)
    return number


def _start(name: str, target: Any, *args: Any) -> threading.Thread:
    # Daemons, because at the end of the process they still wait in recv, and nobody is to wait for them.
    thread = threading.Thread(target=target, args=args, name=name, daemon=True)
    thread.start()
    return thread


def _watch(control: socket.socket) -> None:
    """Ends the process when the master is gone, even while the main thread imports or runs exit handlers."""
    poll = select.poll()
    poll.register(control, 0)  # nothing but POLLHUP, which cannot be masked
    if all(event & select.POLLNVAL for _, event in poll.poll()):
        return  # the application has closed it, which main finds out and says
    os._exit(0)


def _read_boot(control: socket.socket) -> Boot:
    found = frame.read(control)
    if found is None:
        os._exit(0)
    kind, _, payload = found
    if kind != BOOT:
        raise ProtocolError(f"frame of kind {kind} in place of BOOT")
    boot: Boot = marshal.loads(payload)
    return boot


@contextlib.contextmanager
def _failing(control: socket.socket, modules: Modules) -> Iterator[None]:
    """Ends the process, and says why, if the application or a hook fails."""
    try:
        yield
    except BaseException as error:  # a module may well call sys.exit
        modules.report(error)
        _fail(control, error)


def _closed(boot: Boot, error: OSError) -> LoadError:
    return LoadError(f"the import of {boot['spec']} has closed descriptors that are forebay's: {error}")


def _fail(control: socket.socket, error: BaseException) -> NoReturn:
    text = f"{error}\n" if isinstance(error, LoadError) else fault.text(error)
    try:
        control.sendall(frame.encode(FAILED, 0, (text,)))
    except OSError:  # it is closed, too
        print(text, end="", file=sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(EXIT_NOT_LOADED)  # not sys.exit: it would wait for threads that half an application has started


def _memory(descriptor: int | None, slots: int) -> list[tuple[Any, Any, Any]]:
    """Returns for each slot where its thread marks what it begins: memory that the master sees, also after our end. Then
    its area, and where the master counts what it has taken out of that; None where there is none."""
    if not descriptor:
        return [(None, None, None)] * slots
    numbers = 4 * slots
    counts = -(-numbers // _ALIGNED) * _ALIGNED
    size = max(numbers, os.fstat(descriptor).st_size)
    if size > numbers and not _is_sealed(descriptor):
        raise ValueError("it is not the master's memory")
    memory = memoryview(mmap.mmap(descriptor, size))
    os.close(descriptor)  # the mapping has its own
    begun = memory[:numbers].cast("I")
    if size <= 2 * counts:
        return [(begun[i : i + 1], None, None) for i in range(slots)]
    taken, areas = memory[counts : counts + numbers].cast("I"), memory[2 * counts :]
    area = len(areas) // slots
    return [(begun[i : i + 1], areas[i * area : (i + 1) * area], taken[i : i + 1]) for i in range(slots)]


def _is_sealed(descriptor: int) -> bool:
    """Says whether a file is memory whose size nobody can change: the application may have closed ours and opened its own."""
    return bool(fcntl.fcntl(descriptor, _GET_SEALS) & _SEAL_SHRINK)


# Linux's F_GET_SEALS and F_SEAL_SHRINK. A Python that was built for older systems does not have their names.
_GET_SEALS = 1034
_SEAL_SHRINK = 2


# What the parts of the memory that is shared with the master are aligned to.
_ALIGNED = 64 << 10


def _open(requests: int, answers: int, files: int, begun: Any, area: Any = None, taken: Any = None) -> Slot:
    for descriptor in (requests, answers, files):
        os.set_inheritable(descriptor, False)
        os.set_blocking(descriptor, True)  # the master's side may have left it otherwise
    return Slot(requests, answers, socket.socket(fileno=files), begun, area, taken)


def _forget_in_children(control: socket.socket, slots: list[Slot]) -> None:
    """Closes everything in whatever the application forks: only this process answers, and its end must show."""

    def close() -> None:
        control.close()
        for slot in slots:
            slot.close()

    os.register_at_fork(after_in_child=close)


def _describe(boot: Boot) -> dict[str, Any]:
    gil_enabled = getattr(sys, "_is_gil_enabled", None)  # 3.13 and newer
    described = {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
        "pid": os.getpid(),
        "interrupts": importlib.util.find_spec("_ctypes") is not None,
        "gil": True if gil_enabled is None else bool(gil_enabled()),
        "not_native": missing,
        "sample": boot["sample"],
    }
    if "files" in boot:
        described["django"] = boot["files"]
    return described


def _obey(control: socket.socket, slots: list[Slot], modules: Modules, hooks: Hooks) -> None:
    while True:
        modules.report_until_readable()
        found = _next_order(control)
        if found is None:
            os._exit(0)
        kind, _, payload = found
        if kind == DRAIN:
            return
        if kind == PING:
            frame.pong(control)
            continue
        if kind == SERVING:
            _start("forebay-ready", hooks.when_ready)
            continue
        if kind == STACK:
            frame.tell(control, STACKS, _stacks(slots))
            continue
        if kind not in (CANCEL, RECALL, INTERRUPT):
            raise ProtocolError(f"frame of kind {kind} on the control socket")
        number, request, *more = marshal.loads(payload)
        if kind == CANCEL:
            slots[number].cancel(request)
        elif kind == RECALL:
            _recall(control, slots, number, request)
        else:
            _interrupt(control, slots, number, request, *more)


def _next_order(control: socket.socket) -> Frame | None:
    """Reads what the master says next. None means that nothing more comes."""
    try:
        return frame.read(control)
    except ConnectionError:  # it is reset if the master has not read all that was said
        return None
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
        fault.say_closed()
        return None


def _recall(control: socket.socket, slots: list[Slot], number: int, request: int) -> None:
    begun = slots[number].recall(request)
    frame.tell(control, RECALLED, (number, _signed(begun)))


def _interrupt(control: socket.socket, slots: list[Slot], number: int, request: int, raises: bool) -> None:
    """Tells the master what the thread is doing, and raises RequestTimeout there if it asks for it."""
    slot, count = slots[number], request & COUNT
    stack, outcome = "", ""
    if slot.request == count:
        try:
            stack = stack_of(slot.gate.thread, (respond.__code__, hurry.__code__))
        except Exception as error:  # what is looked at changes meanwhile, and lines are read from files
            stack = f"{type(error).__name__}: {error}\n"
    if raises:
        outcome = slot.gate.interrupt(count)
        if outcome == LATER and slot.request == count and not stack:
            outcome = "the thread was back already"
    frame.tell(control, INTERRUPTED, (number, request, stack, outcome))


def _stacks(slots: list[Slot]) -> list[tuple[int, str, str]]:
    try:
        return stacks([slot.gate.thread for slot in slots])
    except Exception as error:  # what is looked at changes meanwhile, and lines are read from files
        return [(-1, "", f"{type(error).__name__}: {error}\n")]


def _signed(count: int) -> int:
    """Returns a request's number as marshal's int of version 2, which is signed."""
    return count - (1 << 32) if count >= 1 << 31 else count


def serve(slot: Slot, app: Application, constant: Environ) -> None:
    """What each thread runs: one request after the other, until the master closes the slot."""
    slot.gate.thread = threading.get_ident()
    try:
        while serve_next(slot, app, constant):
            pass
    except ClientGone:
        pass  # the master closed the slot before it had sent the request's body
    except BaseException:  # a fault of this program or of the master's, as respond lets nothing pass
        traceback.print_exc()
    finally:
        slot.close()  # this is how the master hears of it


def serve_next(slot: Slot, app: Application, constant: Environ) -> bool:
    """Serves one request, or several of a batch.

    It is a function of its own so that nothing of a request lives on while the thread waits.
    """
    found = slot.take()
    if found is None:
        return False
    kind, flags, payload = found
    if kind != REQUEST:
        raise ProtocolError(f"frame of kind {kind} on a slot")
    slot.once = flags & REQUEST_ONCE > 0
    if not flags & REQUEST_FILE and hurry(slot, app, constant, payload):
        return True
    environ, body = marshal.loads(payload)
    environ.update(constant)
    if flags & REQUEST_FILE:
        file = slot.receive_file()
        if file is None:
            slot.send(frame.encode(ERROR, FREE, ("the request is over",)))
            return True
        with file:
            environ["wsgi.input"] = file
            respond(slot, app, environ)
    else:
        environ["wsgi.input"] = io.BytesIO(body)
        respond(slot, app, environ)
    return True
