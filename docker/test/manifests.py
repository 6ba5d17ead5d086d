"""Checks that the parts of docker/k8s fit each other, as no schema does: manifests.py FILE."""

import os
import re
import sys
import unittest

import yaml

with open(sys.argv[1], encoding="utf-8") as text:
    parts = {part["kind"]: part for part in yaml.safe_load_all(text)}

deployment = parts["Deployment"]["spec"]
pod = deployment["template"]["spec"]
labels = deployment["template"]["metadata"]["labels"]
container = pod["containers"][0]


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text)[1])


class Manifests(unittest.TestCase):
    def test_each_selector_means_the_pods(self):
        """An empty one would mean all pods of the namespace."""
        selectors = [deployment["selector"]["matchLabels"], parts["Service"]["spec"]["selector"],
                     parts["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"]]
        selectors += [spread["labelSelector"]["matchLabels"] for spread in pod["topologySpreadConstraints"]]
        for selector in selectors:
            self.assertTrue(selector)
            self.assertLessEqual(selector.items(), labels.items())

    def test_the_autoscaler_means_the_deployment(self):
        scaled = parts["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
        self.assertEqual((scaled["kind"], scaled["name"]), ("Deployment", parts["Deployment"]["metadata"]["name"]))

    def test_the_autoscalers_metrics_are_those_that_the_page_has_made(self):
        with open(os.path.join(os.path.dirname(__file__), "..", "k8s", "README.md"), encoding="utf-8") as page:
            blocks = re.findall(r"```yaml\n(.*?)```", page.read(), re.DOTALL)
        rules = next(block for block in map(yaml.safe_load, blocks) if "rules" in block)["rules"]["custom"]
        made = {rule.get("name", {}).get("as") or rule["seriesQuery"].partition("{")[0] for rule in rules}
        metrics = parts["HorizontalPodAutoscaler"]["spec"]["metrics"]
        self.assertEqual({metric["pods"]["metric"]["name"] for metric in metrics}, made)

    def test_each_port_is_there(self):
        names = {port["name"]: port["containerPort"] for port in container["ports"]}
        used = [port["targetPort"] for port in parts["Service"]["spec"]["ports"]]
        used += [container[probe]["httpGet"]["port"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")]
        self.assertLessEqual(set(used), set(names))
        environment = {variable["name"]: variable.get("value") for variable in container["env"]}
        self.assertEqual(environment["FOREBAY_ADMIN"], f":{names['admin']}")

    def test_the_pod_lives_as_long_as_it_drains(self):
        graceful = seconds(re.search(r'graceful_timeout = "(\w+)"', parts["ConfigMap"]["data"]["forebay.toml"])[1])
        before = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
        self.assertGreater(pod["terminationGracePeriodSeconds"], graceful + before)

    def test_what_is_mounted_is_there(self):
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        self.assertEqual({mount["name"] for mount in container["volumeMounts"]}, set(volumes))
        self.assertEqual(volumes["configuration"]["configMap"]["name"], parts["ConfigMap"]["metadata"]["name"])
        self.assertIn("/tmp", [mount["mountPath"] for mount in container["volumeMounts"]])

    def test_nothing_is_allowed_that_need_not_be(self):
        """What Kubernetes' Pod Security Standards call restricted."""
        self.assertTrue(pod["securityContext"]["runAsNonRoot"])
        self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertEqual(container["securityContext"], {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}})


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
