"""Reads a release's objects from Kubernetes, as dictionaries in the spelling of its API.

Metrics come through the API server's proxy to the pods' health ports. So a kubeconfig is enough,
without a key, a forwarded port or Prometheus.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError

from splitflap.errors import CommandError
from splitflap.output import printable

#: Label of every object of the chart.
PART_OF = "app.kubernetes.io/part-of=splitflap"

#: Label with the name of the release.
INSTANCE = "app.kubernetes.io/instance"

#: Name of the health port in a pod.
HEALTH = "health"

#: Timeouts in seconds: to connect, and to read the response.
TIMEOUT = (5, 15)

#: Group and version of ScaledObjects; unknown to a cluster without KEDA.
SCALED_OBJECTS = ("keda.sh", "v1alpha1")

#: File with the namespace of the pod that reads it.
OWN_NAMESPACE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

Object = dict[str, Any]


@dataclass
class ReleaseObjects:
    """The objects of one release, and the parts that could not be read."""

    deployments: list[Object]
    pods: list[Object] = field(default_factory=list)
    autoscalers: list[Object] = field(default_factory=list)
    scaled_objects: list[Object] = field(default_factory=list)
    events: list[Object] = field(default_factory=list)
    #: Text of /metrics, by pod.
    metrics: dict[str, str] = field(default_factory=dict)
    #: Parts that could not be read, with the reasons, for people.
    gaps: list[str] = field(default_factory=list)


class Cluster:
    """One namespace of one cluster."""

    def __init__(self, kubeconfig: str | None, context: str | None, namespace: str | None) -> None:
        """Choose the cluster as kubectl does. A pod without a kubeconfig uses its own cluster.

        Raises:
            CommandError: no usable cluster is configured.
        """
        configuration, own = _configured(kubeconfig, context)
        self.namespace = namespace or own
        self._host = configuration.host
        api = client.ApiClient(configuration)
        self._core = client.CoreV1Api(api)
        self._apps = client.AppsV1Api(api)
        self._autoscaling = client.AutoscalingV2Api(api)
        self._custom = client.CustomObjectsApi(api)

    def release(self, name: str | None) -> str:
        """The name of the release; without a given name, of the only release.

        Raises:
            CommandError: there is no such release, or there are several.
        """
        deployments = self._deployments(_selector(name))
        found = sorted({each["metadata"]["labels"].get(INSTANCE, "") for each in deployments})
        if not found:
            what = "no release of Splitflap" if name is None else f"no release {name!r}"
            raise CommandError(
                f"{what} in the namespace {self.namespace!r}; `helm list -A` shows where they are, "
                "and --namespace chooses"
            )
        if len(found) > 1:
            raise CommandError(f"several releases: choose with --release one of {', '.join(found)}")
        return str(found[0])

    def read(self, release: str) -> ReleaseObjects:
        """Read all objects of a release. Unreadable parts are noted in `gaps`.

        Raises:
            CommandError: its Deployments cannot be read.
        """
        selector = _selector(release)
        found = ReleaseObjects(self._deployments(selector))
        names = _names(found.deployments)
        found.pods = _try(found, "pods", lambda: self._pods(selector))
        found.scaled_objects = _try(found, "ScaledObjects", lambda: self._scaled(names))
        found.autoscalers = _try(found, "HorizontalPodAutoscalers", lambda: self._hpas(names))
        watched = names | _names(found.scaled_objects) | _names(found.autoscalers)
        found.events = _try(found, "events", lambda: self._events(watched))
        for pod in filter(_is_running, found.pods):
            self._add_metrics(found, pod)
        return found

    def _deployments(self, selector: str) -> list[Object]:
        try:
            return self._list(self._apps.list_namespaced_deployment, label_selector=selector)
        except ApiException as error:
            raise CommandError(_refusal("Deployments", error)) from error
        except (HTTPError, OSError) as error:
            raise CommandError(
                f"no answer from the cluster at {self._host}: {_why(error)}"
            ) from error

    def _pods(self, selector: str) -> list[Object]:
        return self._list(self._core.list_namespaced_pod, label_selector=selector)

    def _hpas(self, names: set[str]) -> list[Object]:
        list_all = self._autoscaling.list_namespaced_horizontal_pod_autoscaler
        return [each for each in self._list(list_all) if _target(each) in names]

    def _scaled(self, names: set[str]) -> list[Object]:
        group, version = SCALED_OBJECTS
        try:
            found = self._custom.list_namespaced_custom_object(
                group, version, self.namespace, "scaledobjects", _request_timeout=TIMEOUT
            )["items"]
        except ApiException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return []
            raise
        return [each for each in found if _target(each) in names]

    def _events(self, names: set[str]) -> list[Object]:
        found = self._list(self._core.list_namespaced_event)
        return [each for each in found if each["involvedObject"].get("name") in names]

    def _add_metrics(self, found: ReleaseObjects, pod: Object) -> None:
        name = pod["metadata"]["name"]
        try:
            found.metrics[name] = self._core.connect_get_namespaced_pod_proxy_with_path(
                f"{name}:{_health_port(pod)}",
                self.namespace,
                "metrics",
                _preload_content=False,
                _request_timeout=TIMEOUT,
            ).data.decode("utf-8", "replace")
        except ApiException as error:
            found.gaps.append(_refusal(f"the metrics of {name} (pods/proxy)", error))
        except (HTTPError, OSError) as error:
            found.gaps.append(f"cannot read the metrics of {name}: {_why(error)}")

    def _list(self, call: Callable[..., Any], **options: Any) -> list[Object]:
        """The items as dictionaries: the client's models may reject objects of newer clusters."""
        options |= {"_preload_content": False, "_request_timeout": TIMEOUT}
        items: list[Object] = json.loads(call(self.namespace, **options).data)["items"]
        return items


def _configured(kubeconfig: str | None, context: str | None) -> tuple[client.Configuration, str]:
    """The connection's configuration, and the namespace of its context."""
    configuration = client.Configuration()
    # Without retries, a person sees an error at once.
    configuration.retries = False
    try:
        config.load_kube_config(kubeconfig, context, configuration, persist_config=False)
        contexts, active = config.list_kube_config_contexts(kubeconfig)
    except (ConfigException, OSError, ValueError) as error:
        return _in_cluster(configuration, kubeconfig or context, error)
    chosen = next((each for each in contexts if each["name"] == context), active)
    return configuration, chosen["context"].get("namespace", "default")


def _in_cluster(
    configuration: client.Configuration, chosen: str | None, error: Exception
) -> tuple[client.Configuration, str]:
    """The configuration inside a pod. Used only if no other cluster was chosen.

    Raises:
        CommandError: `chosen` is set, or this is no pod.
    """
    failure = CommandError(
        f"no cluster: {printable(str(error)).rstrip('.')}; "
        "set KUBECONFIG, or name a file with --kubeconfig and one of its contexts with --context"
    )
    if chosen:
        raise failure from error
    try:
        config.load_incluster_config(configuration)
        with open(OWN_NAMESPACE, encoding="utf-8") as file:  # noqa: PTH123 - a well-known path
            return configuration, file.read().strip()
    except (ConfigException, OSError) as missing:
        raise failure from missing


def _selector(release: str | None) -> str:
    return PART_OF if release is None else f"{PART_OF},{INSTANCE}={release}"


def _names(objects: list[Object]) -> set[str]:
    return {each["metadata"]["name"] for each in objects}


def _target(autoscaler: Object) -> str:
    name: str = autoscaler["spec"]["scaleTargetRef"]["name"]
    return name


def _is_running(pod: Object) -> bool:
    return bool(pod["status"].get("phase") == "Running" and _health_port(pod))


def _health_port(pod: Object) -> int | None:
    """The port of /metrics; None for a pod of the broker or the database."""
    ports = [port for each in pod["spec"]["containers"] for port in each.get("ports", [])]
    return next((port["containerPort"] for port in ports if port.get("name") == HEALTH), None)


def _try(found: ReleaseObjects, what: str, read: Callable[[], list[Object]]) -> list[Object]:
    """Read a list; on an error, note a gap and return an empty list."""
    try:
        return read()
    except ApiException as error:
        found.gaps.append(_refusal(what, error))
    except (HTTPError, OSError) as error:
        found.gaps.append(f"cannot read {what}: {_why(error)}")
    return []


def _refusal(what: str, error: ApiException) -> str:
    try:
        message = json.loads(error.body)["message"]
    except (TypeError, ValueError, KeyError):
        message = str(error.reason or error.status)
    words = "not allowed to read" if error.status in {401, 403} else "cannot read"
    return f"{words} {what}: {printable(message)}"


def _why(error: Exception) -> str:
    return printable(str(getattr(error, "reason", None) or error))
