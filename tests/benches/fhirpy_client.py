"""A plain FHIR client, to hold ours against: sends resources, one JSON object a line, as batches of PUTs.

    python fhirpy_client.py BASE TENANT FILE BATCH_SIZE

Prints one JSON object: resources sent, those the server took, seconds, and seconds of this process's processor time.
"""

import json
import resource
import sys
import time

from fhirpy import SyncFHIRClient

base, tenant, file, size = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
client = SyncFHIRClient(base, extra_headers={"X-Tenant-ID": tenant})


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def send(lines):
    """One batch; how many of its entries the server took."""
    entries = []
    for line in lines:
        document = json.loads(line)
        one = client.resource(document.pop("resourceType"), **document)
        url = f"{one.resource_type}/{one.id}"
        entries.append({"resource": one.serialize(), "request": {"method": "PUT", "url": url}})
    bundle = client.resource("Bundle", type="batch", entry=entries)
    answer = client.execute("/", method="post", data=bundle.serialize())
    statuses = [entry["response"]["status"] for entry in answer["entry"]]
    return sum(status.startswith("2") for status in statuses)


with open(file, encoding="utf-8") as lines:
    everything = lines.readlines()
began, used = time.monotonic(), processor_seconds()
taken = sum(send(everything[at : at + size]) for at in range(0, len(everything), size))
print(
    json.dumps(
        {
            "sent": len(everything),
            "taken": taken,
            "seconds": time.monotonic() - began,
            "processor_seconds": processor_seconds() - used,
        }
    )
)
