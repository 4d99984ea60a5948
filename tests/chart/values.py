"""The values of each rendered mode."""

import yaml

from .helm import CHART, ROOT, Values, merged
from .knobs import KNOBS, SOCKET

#: Manifests of others' operators and controllers, with values of the chart beside them.
EXAMPLES = ROOT / "k8s" / "examples"

#: A password with characters that need quotes in a URL, in YAML and in a shell.
PASSWORD = "p@ss/w:rd \"%'#\\"

#: Broker and database in the release.
DEV: Values = yaml.safe_load((CHART / "values-dev.yaml").read_text(encoding="utf-8"))

#: External broker and database, with passwords in the values.
OUTSIDE: Values = {
    "image": {"registry": "registry.example.com/team"},
    "broker": {
        "url": "amqps://broker.example.com:5671/splitflap",
        "users": {name: {"password": PASSWORD} for name in ("api", "scraper", "renderer")},
        "ca": {"secret": "broker-ca"},
    },
    "database": {
        "url": "postgresql://db.example.com:5432/splitflap",
        "user": {"password": PASSWORD},
        "ca": {"configMap": "database-ca", "key": "root.pem"},
    },
}

_USER = {"username": "u", "password": PASSWORD}

#: The content of the existing Secrets of all modes.
HELD = {
    "users": _USER,
    "splitflap-users": _USER,
    **{f"splitflap-{name}-user-credentials": _USER for name in ("api", "scraper", "renderer")},
    "splitflap-db-app": {"fqdn-uri": "postgresql://app:secret@db-rw.ns.svc.cluster.local:5432/app"},
    "cnpg": {"uri": "postgresql://app:secret@db-rw:5432/app"},
    "first": {"bootstrap-key": "a-key-of-sixteen-and-more"},
    "r-otlp": {"headers": "authorization=key"},
    "r-first": {"bootstrap-key": "a-key-of-sixteen-and-more"},
}

#: All passwords in existing Secrets.
SECRETS: Values = merged(
    OUTSIDE,
    {
        "broker": {
            "users": {
                name: {"password": "", "existingSecret": "users"}
                for name in ("api", "scraper", "renderer")
            }
        },
        "database": {"url": "", "user": {"password": ""}, "urlSecret": {"name": "cnpg"}},
        "bootstrapKeySecret": {"name": "first"},
    },
)

_POD: Values = {
    "annotations": {"a": "b"},
    "podLabels": {"team": "web"},
    "podAnnotations": {"c": "d"},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "spot", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "system-cluster-critical",
    "extraEnv": [{"name": "EXTRA", "value": "1"}],
    "extraEnvFrom": [{"configMapRef": {"name": "more"}}],
    "extraVolumes": [{"name": "more", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
}

#: All values set.
FULL: Values = merged(
    OUTSIDE,
    {
        "nameOverride": "flap",
        "commonLabels": {"cost": "1"},
        "commonAnnotations": {"owner": "me"},
        "image": {"pullSecrets": [{"name": "pull"}], "tag": "1.2.3"},
        "bootstrapKey": "a-key-of-sixteen-and-more",
        "api": {**_POD, "image": {"digest": "sha256:" + "0" * 64}, "showPods": True},
        "web": _POD,
        "outcomes": {**_POD, "enabled": True},
        "scraper": {
            **_POD,
            "allowNets": ["10.1.0.0/16"],
            "nat64": ["64:ff9b::/96"],
            "ca": {"secret": "pages"},
        },
        "renderer": _POD,
        "migrate": {"user": {"username": "owner", "password": "owner's"}},
        "ingress": {"enabled": True, "hosts": ["flap.example.com"], "className": "traefik"},
        "httpRoute": {"enabled": True, "parentRefs": [{"name": "gateway"}], "timeouts": True},
        "extraObjects": [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {
                    "name": "{{ .Release.Name }}-x",
                    "namespace": "{{ .Release.Namespace }}",
                },
            }
        ],
    },
)

#: Labels that the chart sets itself.
_TWICE = {
    "app.kubernetes.io/name": "mine",
    "app.kubernetes.io/instance": "mine",
    "app.kubernetes.io/component": "mine",
    "app.kubernetes.io/part-of": "mine",
    "app.kubernetes.io/managed-by": "mine",
    "app.kubernetes.io/version": "mine",
    "helm.sh/chart": "mine",
    "cost": "1",
}
_TWICE_POD: Values = {
    "podLabels": {**_TWICE, "cost": "2"},
    "podAnnotations": {"checksum/secret": "mine", "prometheus.io/port": "1", "owner": "them"},
    "extraEnv": [
        {"name": "SPLITFLAP_HEALTH_HOST", "value": "first"},
        {"name": "SPLITFLAP_HEALTH_HOST", "value": "127.0.0.1"},
        {"name": "PGUSER", "value": "me"},
    ],
    "extraVolumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}],
    "extraVolumeMounts": [{"name": "tmp", "mountPath": "/tmp", "subPath": "mine"}],
    "topologySpreadConstraints": [
        {
            "maxSkew": 2,
            "topologyKey": "zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "matchLabelKeys": ["mine"],
            "labelSelector": {
                "matchLabels": {"app.kubernetes.io/name": "mine", "team": "web"},
                "matchExpressions": [{"key": "team", "operator": "Exists"}],
            },
        }
    ],
}

#: Autoscaling, metrics and dashboards, for Prometheus with its operator.
SEEN: Values = {
    "autoscaling": {"mode": "keda", "keda": {"serverAddress": "http://prometheus:9090"}},
    "metrics": {"podMonitor": {"enabled": True}, "rules": {"kind": "prometheusRule"}},
    "dashboards": {"enabled": True},
}

#: Every key that the chart sets, in every place where the user may set it too.
TWICE: Values = merged(
    DEV,
    SEEN,
    {
        "commonLabels": _TWICE,
        "commonAnnotations": {"validations.keda.sh/hpa-ownership": "true", "folder": "mine"},
        **dict.fromkeys(("api", "outcomes", "scraper", "renderer"), _TWICE_POD),
        "web": {**_TWICE_POD, "extraEnv": [{"name": "WEB_PROCESSES", "value": "9"}]},
        "rabbitmq": {"podLabels": _TWICE, "podAnnotations": {"checksum/config": "mine"}},
        "postgresql": {"podLabels": _TWICE},
        "migrate": {"podLabels": _TWICE},
        "metrics": {
            "podMonitor": {"enabled": True, "labels": _TWICE},
            "rules": {"kind": "prometheusRule", "labels": _TWICE},
        },
        "dashboards": {"enabled": True, "labels": _TWICE, "annotations": {"folder": "x"}},
        "alerts": {"labels": {"severity": "page", "team": "web"}},
    },
    {"outcomes": {"enabled": True}},
)


def example(name: str) -> Values:
    """The values of an example."""
    values: Values = yaml.safe_load((EXAMPLES / name / "values.yaml").read_text(encoding="utf-8"))
    return values


def _space(name: str) -> list[Values]:
    """The pods of a namespace, as a policy's `from` or `to`."""
    return [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}]


#: Network policies as narrow as they can be, with all that they may allow.
CLOSED: Values = merged(
    OUTSIDE,
    {
        "outcomes": {"enabled": True},
        "api": {"showPods": True},
        "scraper": {"allowNets": ["10.1.0.0/16"]},
        "tracing": {"endpoint": "http://collector.tracing:4318"},
        "networkPolicy": {
            "ingress": {
                "web": _space("gateways"),
                "api": [{"podSelector": {"matchLabels": {"client": "splitflap"}}}],
                "metrics": _space("monitoring"),
            },
            "egress": {
                "broker": {"to": _space("rabbitmq"), "ports": [5671]},
                "database": {
                    "to": [{"podSelector": {"matchLabels": {"cnpg.io/cluster": "splitflap-db"}}}]
                },
                "dns": {"to": _space("kube-system")},
                "kubernetes": {"to": [{"ipBlock": {"cidr": "10.96.0.1/32"}}], "ports": [443]},
                "collector": {"to": _space("tracing")},
            },
        },
    },
)

#: All modes. Each check of the chart runs over them.
MODES: dict[str, Values] = {
    "dev": DEV,
    "outside": OUTSIDE,
    "secrets": SECRETS,
    "full": FULL,
    "hpa": merged(
        OUTSIDE, {"autoscaling": {"mode": "hpa"}, "metrics": {"rules": {"kind": "configMap"}}}
    ),
    "keda": merged(DEV, SEEN),
    "twice": TWICE,
    "openshift": merged(
        DEV,
        {
            "rabbitmq": {"userId": 0},
            "postgresql": {"userId": 0},
            "networkPolicy": {"egress": {"dns": {"ports": [53, 5353]}}},
        },
    ),
    "operators": merged(
        {"image": OUTSIDE["image"]}, example("rabbitmq-operator"), example("cloudnative-pg")
    ),
    "closed": CLOSED,
    "knobs": merged(DEV, KNOBS),
    "socket": merged(OUTSIDE, SOCKET),
    "web off": merged(FULL, {"web": {"enabled": False}}),
}
