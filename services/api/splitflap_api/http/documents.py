"""HTTP of pages about the API itself. They need no key."""

import zlib
from collections.abc import Sequence
from typing import Any

from splitflap_api.contract import headers as doc
from splitflap_api.contract import models, openapi
from splitflap_api.contract.operations import Operation, ResponseSpec
from splitflap_api.contract.paths import PREFIX, PROBLEMS
from splitflap_api.contract.problems import TYPES, Problem
from splitflap_api.http.responses import JsonResponse, bytes_of, json_of


class DocumentViews:
    """The views of the operations below."""

    def __init__(self, described: Sequence[Operation]) -> None:
        """`described` are the other operations."""
        self.operations = _operations(self)
        self._description = openapi.document(PREFIX, [*described, *self.operations])
        etag = f'"{zlib.crc32(self._description):08x}"'
        self._headers = {"ETag": etag, "Cache-Control": "no-cache"}

    def describe(self) -> JsonResponse:
        return bytes_of(self._description, headers=self._headers)

    def problem_type(self, slug: str) -> JsonResponse:
        if slug not in TYPES:
            raise Problem("not-found", "no type of problem has this name")
        known = TYPES[slug]
        return json_of(models.ProblemPage(PROBLEMS + slug, known.title, known.status, known.doc))


def _operations(views: DocumentViews) -> list[Operation]:
    return [
        Operation(
            "GET",
            "/openapi.json",
            "show_openapi",
            "This document",
            views.describe,
            {
                200: ResponseSpec("The document.", dict[str, Any], headers=(doc.ETAG,)),
                304: doc.NOT_MODIFIED,
            },
            scope=None,
            headers=doc.PRECONDITIONS,
        ),
        Operation(
            "GET",
            "/problems/{slug}",
            "show_problem_type",
            "A type of problem, with advice for the client",
            views.problem_type,
            {200: ResponseSpec("The type of problem.", models.ProblemPage)},
            scope=None,
            problems=("not-found",),
        ),
    ]
