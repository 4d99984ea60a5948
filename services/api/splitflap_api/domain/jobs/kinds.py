"""Each kind of job with the API's part of it. A new kind adds its class here."""

from collections.abc import Mapping

from splitflap_core.contracts import Kind
from splitflap_core.kinds import KINDS

from splitflap_api.domain.jobs.kind import JobKind
from splitflap_api.domain.jobs.renders import RenderJobs
from splitflap_api.domain.jobs.scrapes import ScrapeJobs

#: The kinds by name, in the order of `KINDS`.
JOB_KINDS: Mapping[Kind, JobKind] = {each.spec.name: each for each in (RenderJobs(), ScrapeJobs())}

if JOB_KINDS.keys() != KINDS.keys():
    raise TypeError(f"the API has no class for the job kinds {KINDS.keys() - JOB_KINDS.keys()}")
