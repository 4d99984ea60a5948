"""Values of pods and Services, all of them at once."""

from typing import Any

from .helm import Object, Values


def user_container(name: str, image: str, **more: Any) -> Object:
    """A container of the user, as the profile `restricted` and a quota demand it."""
    return {
        "name": name,
        "image": image,
        "resources": {key: {"cpu": "10m", "memory": "16Mi"} for key in ("requests", "limits")},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        **more,
    }


#: Every value of pods, for all pods. Components replace some of them.
KNOBS: Values = {
    "commonAnnotations": {"owner": "me"},
    "image": {"pullSecrets": [{"name": "{{ .Release.Name }}-pull"}]},
    "pods": {
        "podLabels": {"team": "web", "options": "a"},
        "podAnnotations": {"mesh": "off"},
        "resources": {"limits": {"cpu": 1}},
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "spot", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
        ],
        "priorityClassName": "system-cluster-critical",
        "runtimeClassName": "gvisor",
        "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["rabbit.example.com"]}],
        "dnsPolicy": "None",
        "dnsConfig": {
            "nameservers": ["10.0.0.10"],
            "searches": ["example.com"],
            "options": [{"name": "edns0"}],
        },
        "terminationGracePeriodSeconds": 90,
        "strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        "startupProbe": {"failureThreshold": 99},
        "livenessProbe": {"initialDelaySeconds": 7, "terminationGracePeriodSeconds": 9},
        "readinessProbe": {"periodSeconds": 11, "successThreshold": 2},
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://{{ .Release.Name }}-proxy:3128"}],
        "extraEnvFrom": [{"secretRef": {"name": "{{ .Release.Name }}-more", "optional": True}}],
        "extraVolumes": [{"name": "more", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
        "extraContainers": [
            user_container(
                "sidecar",
                "sidecar:1",
                livenessProbe={"tcpSocket": {"port": 15020}},
                readinessProbe={"httpGet": {"port": 15021, "path": "/ready"}},
            )
        ],
        "initContainers": [user_container("first", "first:1")],
    },
    "api": {"hostAliases": [{"ip": "10.0.0.2", "hostnames": ["db.example.com"]}]},
    "outcomes": {"enabled": True, "strategy": {"type": "Recreate"}},
    "scraper": {
        "runtimeClassName": "",
        "tolerations": [],
        "nodeSelector": {"disk": "hdd"},
        "dnsConfig": {"options": [{"name": "ndots", "value": "2"}]},
        "livenessProbe": {"initialDelaySeconds": 0},
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://other:3128"}],
        "initContainers": [
            user_container("first", "first:2"),
            user_container("proxy", "proxy:1", restartPolicy="Always"),
        ],
    },
    "listenAddress": "::",
    "service": {
        "type": "LoadBalancer",
        "ipFamilyPolicy": "PreferDualStack",
        "ipFamilies": ["IPv6", "IPv4"],
        "loadBalancerClass": "example.com/internal",
        "loadBalancerSourceRanges": ["10.0.0.0/8"],
        "externalTrafficPolicy": "Local",
        "internalTrafficPolicy": "Local",
        "nodePort": 30080,
        "annotations": {"owner": "them"},
    },
    "web": {"service": {"clusterIP": "None"}},
    "rabbitmq": {"updateStrategy": {"type": "OnDelete"}, "annotations": {"owner": "them"}},
    "postgresql": {"updateStrategy": {"rollingUpdate": {"partition": 0}}},
    "migrate": {"annotations": {"argocd.argoproj.io/hook": "Sync"}},
    "networkPolicy": {"annotations": {"owner": "network"}},
    "autoscaling": {"mode": "hpa", "annotations": {"owner": "sre"}},
    "metrics": {"rules": {"kind": "configMap"}},
}

#: PostgreSQL by the socket of a proxy, which needs no password. Names of Secrets are templates.
SOCKET: Values = {
    "broker": {
        "users": {
            name: {"password": "", "existingSecret": "{{ .Chart.Name }}-users"}
            for name in ("api", "scraper", "renderer")
        },
        "ca": {"secret": "{{ .Release.Name }}-ca"},
    },
    "bootstrapKeySecret": {"name": '{{ printf "%s-first" .Release.Name }}'},
    "database": {
        "url": "postgresql:///splitflap?host=/cloudsql/team:europe-west1:main",
        "user": {"username": "api@team.iam", "password": ""},
        "ca": {"configMap": ""},
    },
    "api": {
        "extraVolumes": [{"name": "cloudsql", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "cloudsql", "mountPath": "/cloudsql"}],
        "initContainers": [
            user_container(
                "proxy",
                "cloud-sql-proxy:2",
                restartPolicy="Always",
                volumeMounts=[{"name": "cloudsql", "mountPath": "/cloudsql"}],
            )
        ],
    },
    "networkPolicy": {"egress": {"database": {"ports": [3307, 443]}}},
    "tracing": {
        "endpoint": "http://collector.tracing:4318",
        "headersSecret": {"name": "{{ .Release.Name }}-otlp"},
    },
    "ingress": {
        "enabled": True,
        "hosts": ["{{ .Release.Name }}.example.com"],
        "tls": [{"secretName": "{{ .Release.Name }}-tls", "hosts": ["r.example.com"]}],
    },
    "httpRoute": {
        "enabled": True,
        "parentRefs": [{"name": "gateway"}],
        "hostnames": ["{{ .Release.Name }}.example.com"],
    },
}
