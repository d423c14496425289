"""How a managed workspace gets the same datasources and dashboards: a job in the cluster pushes them through its API.

A workspace reads no files and this library has no Grafana provider, so that job stands in for both: again and again,
so that what somebody changed by hand is put right. What is no longer listed stays there and is deleted by hand.
"""

import json
from typing import Any

from ..foundation.labels import labels
from ..foundation.pods import RESTRICTED_CONTAINER, resources, restricted_pod
from ..security.certificate import CA_FILE
from ..security.network_policy import NetworkPoliciesArgs
from ..security.surroundings import flow, names_flows, surroundings
from ..versions import CURL_VERSION
from . import names
from .dashboard_files import dashboard_config_maps
from .datasources import datasources
from .managed_args import ManagedGrafanaArgs

JOB = "grafana-managed"
"""CronJob, its ConfigMaps, its Secret and its label."""
USER = 65534
EVERY_MINUTES = 15
SCRIPT = "provision.sh"
TOKEN_FOLDER, FILES_FOLDER, CA_FOLDER = "/etc/workspace", "/etc/provisioning", "/etc/backends-ca"

_SCRIPT = r"""#!/bin/sh
# Puts folders, datasources and dashboards into a Grafana workspace through its HTTP API. May run any number of times.
set -eu
api="${SCHEME:-https}://$(cat "$TOKEN_FOLDER/endpoint")/api"
umask 077
printf 'Authorization: Bearer %s\n' "$(cat "$TOKEN_FOLDER/token")" > "$WORK/header"

# call METHOD PATH FILE: prints the status.
call() {
  curl --silent --show-error --max-time 30 --retry 3 --retry-connrefused \
    --output "$WORK/answer" --write-out '%{http_code}' \
    --request "$1" --header "@$WORK/header" --header 'Content-Type: application/json' --data "@$3" "$api$2"
}

failed=0
judge() {
  case "$1" in
    2*) ;;
    *) echo "$2: $1 $(cat "$WORK/answer")" >&2; failed=1 ;;
  esac
}

for file in "$FILES_FOLDER"/folder-*.json; do
  [ -e "$file" ] || continue
  status=$(call POST /folders "$file")
  case "$status" in
    409 | 412) ;; # it is there
    *) judge "$status" "$file" ;;
  esac
done

# The authority's certificate, as text within JSON.
authority=
if [ -f "$CA_FOLDER/ca.crt" ]; then
  authority=$(awk '{printf "%s\\\\n", $0}' "$CA_FOLDER/ca.crt")
fi
for file in "$FILES_FOLDER"/datasource-*.json; do
  uid=${file##*/datasource-}
  uid=${uid%.json}
  sed "s|@CA@|$authority|" "$file" > "$WORK/datasource"
  status=$(call PUT "/datasources/uid/$uid" "$WORK/datasource")
  if [ "$status" = 404 ]; then
    status=$(call POST /datasources "$WORK/datasource")
  fi
  judge "$status" "$file"
done

for file in "$FILES_FOLDER"/dashboard-*.json; do
  [ -e "$file" ] || continue
  judge "$(call POST /dashboards/db "$file")" "$file"
done
exit "$failed"
"""


def provisioning_files(args: ManagedGrafanaArgs) -> dict[str, str]:
    """Every file that the job reads, the script among them."""
    made = datasources(args["signals"], "ca_config_map_name" in args)
    files = {SCRIPT: _SCRIPT}
    for each in made:
        # Read as it is: no provisioning expands dollars here.
        text = json.dumps(each, sort_keys=True).replace("$$", "$").replace(f"$__file{{{CA_FILE}}}", "@CA@")
        files[f"datasource-{each['uid']}.json"] = text
    maps = dashboard_config_maps(made, args.get("retention", {}), args.get("namespace", "observability"))
    for name, manifest in maps.items():
        folder = manifest["metadata"]["annotations"][names.FOLDER_ANNOTATION]
        uid = f"platform-{folder.lower()}"
        files[f"folder-{uid}.json"] = json.dumps({"uid": uid, "title": folder})
        (model,) = manifest["data"].values()
        body = {"dashboard": json.loads(model), "folderUid": uid, "overwrite": True}
        files[f"{name}.json"] = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return files


def provisioning_job(args: ManagedGrafanaArgs, checksum: str) -> dict[str, Any]:
    """Metadata and spec of the CronJob."""
    metadata = {"labels": labels(JOB, names.GRAFANA, "provisioning"), "annotations": {"checksum/files": checksum}}
    pod = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": restricted_pod(USER),
        "containers": [_container()],
        "volumes": _volumes(args),
    }
    return {
        "metadata": {
            "name": JOB,
            "namespace": args.get("namespace", "observability"),
            "labels": labels(JOB, names.GRAFANA, "provisioning"),
        },
        "spec": {
            "schedule": f"*/{EVERY_MINUTES} * * * *",
            "concurrencyPolicy": "Forbid",
            "successfulJobsHistoryLimit": 1,
            "failedJobsHistoryLimit": 1,
            "jobTemplate": {
                "spec": {
                    "backoffLimit": 2,
                    "activeDeadlineSeconds": 600,
                    "template": {"metadata": metadata, "spec": pod},
                }
            },
        },
    }


def _container() -> dict[str, Any]:
    folders = {"TOKEN_FOLDER": TOKEN_FOLDER, "FILES_FOLDER": FILES_FOLDER, "CA_FOLDER": CA_FOLDER, "WORK": "/tmp"}
    mounts = {"workspace": TOKEN_FOLDER, "files": FILES_FOLDER, "backends-ca": CA_FOLDER}
    return {
        "name": "provision",
        "image": f"docker.io/curlimages/curl:{CURL_VERSION}",
        "command": ["/bin/sh", f"{FILES_FOLDER}/{SCRIPT}"],
        "env": [{"name": name, "value": folder} for name, folder in folders.items()],
        "resources": resources("20m", "64Mi", "200m"),
        "securityContext": RESTRICTED_CONTAINER,
        "volumeMounts": [
            *({"name": name, "mountPath": folder, "readOnly": True} for name, folder in mounts.items()),
            {"name": "work", "mountPath": "/tmp"},
        ],
    }


def _volumes(args: ManagedGrafanaArgs) -> list[dict[str, Any]]:
    authority: dict[str, Any] = {"emptyDir": {}}
    if "ca_config_map_name" in args:
        authority = {"configMap": {"name": args["ca_config_map_name"]}}
    return [
        {"name": "workspace", "secret": {"secretName": JOB, "defaultMode": 0o440}},
        {"name": "files", "configMap": {"name": JOB}},
        {"name": "backends-ca", **authority},
        {"name": "work", "emptyDir": {"sizeLimit": "16Mi"}},
    ]


def provisioning_network(namespace: str) -> NetworkPoliciesArgs:
    """The job calls the workspace, whose address is a public one, and nobody calls it."""
    return {
        "namespace": namespace,
        "instance": "managed-grafana",
        "peers": {JOB: {"namespace": namespace, "labels": {"app.kubernetes.io/name": JOB}}, **surroundings()},
        "flows": [*names_flows([JOB]), flow(JOB, "everywhere", 443)],
    }
