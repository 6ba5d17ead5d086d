"""python -m forebay: the forebay that was installed with this Python, for the applications of this Python."""

import os
import sys
import sysconfig


def scripts():
    """The directories in which pip puts programs."""
    yield sysconfig.get_path("scripts")
    for scheme in ("posix_user", "osx_framework_user"):  # pip install --user
        yield sysconfig.get_path("scripts", scheme)
    yield os.path.dirname(sys.executable)
    # pip install --target DIR: the package is DIR/forebay, the program DIR/bin/forebay
    yield os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bin")


def main():
    for directory in scripts():
        program = os.path.join(directory, "forebay")
        if os.path.isfile(program):
            break
    else:
        sys.exit("forebay: the program is not where pip puts it: install the wheel again")
    # Not for those who ask for another interpreter by --python or FOREBAY_PYTHON.
    os.environ.setdefault("FOREBAY_PYTHON", sys.executable)
    os.execv(program, [program, *sys.argv[1:]])


if __name__ == "__main__":
    main()
