"""Runs the example's image with runc and looks at it from outside: container.py IMAGE ROOT.

IMAGE is what "buildah inspect" says of the image, ROOT where its file system is. What Docker and Kubernetes would do is
done: the first process of namespaces of its own, the image's user, no rights, a read-only root, limits of memory and CPUs.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

from lines import DEADLINE, Lines

MEMORY = 256 << 20

image_file, root = sys.argv[1:3]
with open(image_file, encoding="utf-8") as text:
    image = json.load(text)["Docker"]["config"]
kubernetes = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "k8s")


def free_port():
    """For what another process in the container must find again; the network is the machine's."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def bundle(writable):
    """The container's configuration (the OCI runtime specification)."""
    uid, _, gid = image["User"].partition(":")
    mounts = [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=64k"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["ro", "nosuid", "noexec", "nodev"]},
        {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro", "nosuid", "noexec", "nodev"]},
    ]
    mounts.append({"destination": "/etc/forebay", "type": "bind", "source": kubernetes, "options": ["bind", "ro"]})
    mounts += [{"destination": path, "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777"]} for path in writable]
    return {
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": int(uid), "gid": int(gid)},
            "args": image["Entrypoint"] + (image.get("Cmd") or []),
            "env": [*image["Env"], "FOREBAY_BIND=127.0.0.1:0", f"FOREBAY_ADMIN=127.0.0.1:{free_port()}"],
            "cwd": image["WorkingDir"],
            "capabilities": {},
            "noNewPrivileges": True,
        },
        "root": {"path": root, "readonly": True},
        "mounts": mounts,
        "linux": {
            "resources": {"memory": {"limit": MEMORY}, "cpu": {"quota": 50000, "period": 100000}},
            "namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")],
        },
    }


class Container:
    """A container that runs; its logs are kept."""

    def __init__(self, case, *writable):
        self.name = f"forebay-test-{os.getpid()}-{case}"
        self.directory = tempfile.TemporaryDirectory()
        with open(os.path.join(self.directory.name, "config.json"), "w", encoding="utf-8") as out:
            json.dump(bundle(writable), out)
        self.process = subprocess.Popen(
            ["runc", "run", "--bundle", self.directory.name, self.name], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.log, self.access = Lines(self.process.stderr), Lines(self.process.stdout)
        self.url = self.log.await_line(r"listening on (\S+)")

    def get(self, path, data=None):
        try:
            with urllib.request.urlopen(self.url + path, data, timeout=DEADLINE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    def run(self, *command):
        """Runs a command in the container, as "docker exec" does."""
        return subprocess.run(["runc", "exec", self.name, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=DEADLINE, check=False)

    def kill(self, name):
        subprocess.run(["runc", "kill", self.name, name], check=True, timeout=DEADLINE)

    def close(self):
        """Ends it by force if it has not ended by itself."""
        if self.process.poll() is None:
            self.kill("KILL")
        self.process.wait(DEADLINE)
        for lines in (self.log, self.access):
            lines.close()
        self.directory.cleanup()


class Sealed(unittest.TestCase):
    """Nothing can be written anywhere."""

    @classmethod
    def setUpClass(cls):
        cls.container = Container("sealed")
        cls.addClassCleanup(cls.container.close)

    def test_its_version_is_the_one_it_was_built_for(self):
        self.assertRegex(self.container.run("forebay", "--version").stdout, r"^forebay v0\.0\.0-test \(")

    def test_django_answers_and_forebay_is_the_first_process(self):
        status, page = self.container.get("/")
        self.assertEqual(status, 200)
        self.assertIn("Django runs as forebay; forebay is process 1.", page)
        style = re.search(r'href="(/static/site\.[0-9a-f]+\.css)"', page)
        self.assertEqual(self.container.get(style[1])[0], 200)

    def test_it_says_that_it_is_well(self):
        kind, *command = image["Healthcheck"]["Test"]
        self.assertEqual(kind, "CMD")
        asked = self.container.run(*command)
        self.assertEqual(asked.returncode, 0, asked.stderr)

    def test_the_configuration_for_kubernetes_fits_the_image(self):
        """With what the Deployment adds from the Secret."""
        secret = ["FOREBAY_ADMIN=:9000", "FOREBAY_ADMIN_TOKEN=0123456789abcdef", "FOREBAY_REDIS=redis://redis:6379/0"]
        checked = self.container.run("env", *secret, "forebay", "check", "--config", "/etc/forebay/forebay.toml")
        self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_the_access_log_is_on_stdout(self):
        self.container.get("/?to-stdout")
        self.container.access.await_line(r"to-stdout")

    def test_it_has_no_rights(self):
        status = self.container.run("cat", "/proc/1/status").stdout
        for line in (r"Uid:\t10001\t10001\t10001\t10001", r"CapEff:\t0+", r"NoNewPrivs:\t1"):
            self.assertRegex(status, rf"(?m)^{line}$")

    def test_nothing_can_be_written(self):
        for path in ("/x", "/app/x", "/tmp/x"):
            self.assertIn("Read-only", self.container.run("touch", path).stderr)

    def test_memory_is_the_cgroups(self):
        self.container.log.await_line(rf"memory is limited by the cgroup limit={MEMORY} own={MEMORY // 4}$")

    def test_workers_are_as_many_as_the_cgroups_cpus(self):
        """Half of one is one, and not as many as the machine has."""
        self.container.log.await_line(r"^  workers +1 × 8 threads$")

    def test_a_body_that_does_not_fit_into_memory_is_refused(self):
        self.assertEqual(self.container.get("/upload/", b"x" * 1000), (200, "1000 bytes\n"))
        self.assertEqual(self.container.get("/upload/", b"x" * (1 << 20))[0], 507)


class Stopped(unittest.TestCase):
    """What is under way when it is stopped is finished; with a /tmp, bodies of any size are taken."""

    def test_stop(self):
        container = Container("stopped", "/tmp")
        self.addCleanup(container.close)
        self.assertEqual(container.get("/upload/", b"x" * (2 << 20)), (200, f"{2 << 20} bytes\n"))
        with urllib.request.urlopen(container.url + "/slow/?seconds=1", timeout=DEADLINE) as answer:
            self.assertEqual(answer.readline(), b"begun\n")
            container.kill(signal.SIGTERM.name)
            self.assertEqual(answer.read(), b"done\n")
        self.assertEqual(container.process.wait(DEADLINE), 0)
        container.log.await_line(r"stopping signal=terminated")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
