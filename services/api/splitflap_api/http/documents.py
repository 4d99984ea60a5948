"""HTTP of pages about the API itself. They need no key."""

from collections.abc import Sequence
from typing import Any

from flask import Response

from splitflap_api.contract import models, openapi
from splitflap_api.contract.operations import Operation, ResponseSpec
from splitflap_api.contract.paths import PREFIX, PROBLEMS
from splitflap_api.contract.problems import TYPES, Problem
from splitflap_api.http.responses import JsonResponse, json_of


class DocumentViews:
    """The views of the operations below."""

    def __init__(self, described: Sequence[Operation]) -> None:
        """`described` are the other operations."""
        self.operations = _operations(self)
        self._description = openapi.document(PREFIX, [*described, *self.operations])

    def describe(self) -> Response:
        return Response(self._description, content_type="application/json")

    def problem_type(self, slug: str) -> JsonResponse:
        if slug not in TYPES:
            raise Problem("not-found", f"no type of problem {slug[:100]!r}")
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
            {200: ResponseSpec("The document.", dict[str, Any])},
            scope=None,
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
