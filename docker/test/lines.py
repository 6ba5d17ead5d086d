"""The lines that a process writes, kept and waited for."""

import re
import threading

DEADLINE = 60  # seconds for whatever is waited for


class Lines:
    """Reads a stream in a thread of its own, until it ends."""

    def __init__(self, stream):
        self.stream = stream
        self.lines = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.stream:
            with self.changed:
                self.lines.append(line)
                self.changed.notify_all()

    def count(self):
        """For await_line: what comes from now on."""
        with self.changed:
            return len(self.lines)

    def await_line(self, pattern, after=0):
        """Waits for a line behind the first ones, and returns the pattern's group, or all that fits."""
        def found():
            return next(filter(None, (re.search(pattern, line) for line in self.lines[after:])), None)

        with self.changed:
            if not self.changed.wait_for(found, DEADLINE):
                raise AssertionError(f"no line like {pattern!r} in:\n{''.join(self.lines)}")
            fits = found()
        return fits.group(fits.lastindex or 0)

    def close(self):
        """The process has ended."""
        self.reader.join(DEADLINE)
        self.stream.close()
