"""Runs the example and Redis as compose.yaml says, and looks at them from outside: compose.py MODEL PODMAN...

MODEL is compose.yaml, read, PODMAN the command that starts containers. What is not understood of a service is an error, so
that nothing of it is left out unseen.
"""

import copy
import itertools
import json
import os
import re
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

from lines import DEADLINE

with open(sys.argv[1], encoding="utf-8") as text:
    model = json.load(text)
command = sys.argv[2:]
network = f"forebay-test-{os.getpid()}"
token = model["services"]["mysite"]["environment"]["FOREBAY_ADMIN_TOKEN"]


def podman(*arguments, check=True):
    done = subprocess.run([*command, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE,
                          check=False)
    if check and done.returncode:
        raise AssertionError(f"podman {' '.join(arguments)}: {done.stderr}")
    return done


def options(name, service):
    """What "podman run" is told of a service. Published ports are the machine's choice, as others may be in use."""
    said = copy.deepcopy(service)
    for elsewhere in ("image", "build", "command", "depends_on"):
        said.pop(elsewhere, None)
    yield from ("--network", network, "--network-alias", name)
    if said.pop("networks") != {"default": None}:
        raise AssertionError(f"{name} is in another network")
    deploy = said.pop("deploy", {})
    deploy.pop("replicas", None)
    limits = deploy.pop("resources", {}).pop("limits", {})
    for key, value in limits.items():
        yield f"--{key}={value}"
    for key, value in said.pop("environment", {}).items():
        yield f"--env={key}={value}"
    if name == "mysite":
        # On a busy machine Redis is not always as quick as forebay asks it to be, which then would decide without it.
        yield "--env=FOREBAY_REDIS_TIMEOUT=1s"
    for port in said.pop("ports", []):
        yield f"--publish={port['host_ip']}::{port['target']}"
    if said.pop("read_only", False):
        yield from ("--read-only", "--read-only-tmpfs=false")
    for key, option in (("tmpfs", "tmpfs"), ("cap_drop", "cap-drop"), ("security_opt", "security-opt")):
        for value in said.pop(key, []):
            yield f"--{option}={value.removesuffix(':true')}"
    for key, option in (("restart", "restart"), ("user", "user")):
        if key in said:
            yield f"--{option}={said.pop(key)}"
    if "stop_grace_period" in said:
        yield f"--stop-timeout={said.pop('stop_grace_period').removesuffix('s')}"
    if said or deploy:
        raise AssertionError(f"compose.yaml says of {name} what this test does not know: {said} {deploy}")


def await_that(found):
    """Asks until the answer is one, and returns it."""
    begun = time.monotonic()
    while time.monotonic() < begun + DEADLINE:
        if answer := found():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not in {DEADLINE} seconds")


class Container:
    """One container of a service. podman asks systemd to have its health looked at, so nobody does that by itself."""

    def __init__(self, name):
        service = model["services"][name]
        self.id = podman("run", "--detach", "--health-interval=disable", *options(name, service), service["image"],
                         *(service.get("command") or [])).stdout.strip()

    def address(self):
        return podman("port", self.id).stdout.rpartition(" ")[2].strip()

    def ask(self, path, data=None):
        """The status and the body of an answer; it waits until the port is open."""
        def answer():
            try:
                with urllib.request.urlopen(f"http://{self.address()}{path}", data, timeout=DEADLINE) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as refused:
                with refused:
                    return refused.code, refused.read().decode()
            except (urllib.error.URLError, ConnectionError):
                return None

        return await_that(answer)

    def run(self, *arguments):
        return podman("exec", self.id, *arguments)

    def metric(self, host, name):
        """What the admin listener of a host says, asked from this container, as Prometheus asks."""
        read = ("import urllib.request as r; print(r.urlopen(r.Request("
                f"'http://{host}:9000/metrics', headers={{'Authorization': 'Bearer {token}'}})).read().decode())")
        return re.search(rf"(?m)^{name} (.*)$", self.run("python3", "-c", read).stdout)[1]

    def close(self):
        podman("rm", "--force", "--time=0", self.id, check=False)


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        podman("network", "create", network)
        cls.addClassCleanup(podman, "network", "rm", "--force", network, check=False)
        cls.redis = cls.start("redis")
        cls.sites = [cls.start("mysite") for _ in range(model["services"]["mysite"]["deploy"]["replicas"])]
        for site in cls.sites:
            site.ask("/")

    @classmethod
    def start(cls, name):
        container = Container(name)
        cls.addClassCleanup(container.close)
        return container

    def uploads(self, count):
        """The statuses of so many uploads, to one container after the other."""
        return [site.ask("/upload/", b"x")[0] for site in itertools.islice(itertools.cycle(self.sites), count)]

    def test_1_each_answers_as_the_first_process(self):
        self.assertEqual(len(self.sites), 2)
        for site in self.sites:
            status, page = site.ask("/")
            self.assertEqual(status, 200)
            self.assertIn("Django runs as forebay; forebay is process 1.", page)
            self.assertEqual(podman("healthcheck", "run", site.id).returncode, 0)

    def test_2_each_has_the_memory_that_is_said(self):
        limit = model["services"]["mysite"]["deploy"]["resources"]["limits"]["memory"]
        said = int(re.fullmatch(r"(\d+)M", limit)[1]) << 20
        for site in self.sites:
            self.assertIn(f"memory is limited by the cgroup limit={said} ", podman("logs", site.id).stderr)

    def test_3_a_name_means_both(self):
        """By it Prometheus finds them."""
        find = "import socket; print(len({a[4] for a in socket.getaddrinfo('mysite', 9000, type=socket.SOCK_STREAM)}))"
        self.assertEqual(self.redis.run("python3", "-c", find).stdout, "2\n")
        self.assertEqual(self.redis.metric("mysite", "forebay_ready"), "1")
        self.assertIn(f'credentials: "{token}"', model["configs"]["prometheus"]["content"])

    def test_4_they_share_their_limits(self):
        """shared.toml: five at once, and then one in ten seconds, on both together."""
        for site in self.sites:
            await_that(lambda site=site: site.metric("127.0.0.1", "forebay_redis_up") == "1")
        begun = time.monotonic()
        statuses = self.uploads(14)
        passed = statuses.count(200)
        self.assertGreaterEqual(passed, 5, statuses)
        self.assertLessEqual(passed, 5 + (time.monotonic() - begun) / 10, statuses)
        self.assertEqual(set(statuses), {200, 429})

    def test_5_without_redis_each_goes_on(self):
        podman("stop", "--time=1", self.redis.id)
        self.assertLessEqual(set(self.uploads(4)), {200, 429})
        self.assertEqual([site.ask("/")[0] for site in self.sites], [200, 200])

    def test_6_they_end_by_themselves(self):
        for site in self.sites:
            podman("stop", site.id)
            ended = podman("inspect", "--format={{.State.ExitCode}} {{.State.OOMKilled}}", site.id).stdout
            self.assertEqual(ended, "0 false\n")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
