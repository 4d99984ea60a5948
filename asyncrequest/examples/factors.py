"""Prime factors, as an asynchronous request: flask --app factors run --port 8080."""

from collections.abc import Callable

from flask import Flask, abort, request
from flask.typing import ResponseReturnValue

from asyncrequest import AsyncRequests, InProcess, Later

app = Flask(__name__)
later = AsyncRequests(InProcess(threads=2))
app.register_blueprint(later.blueprint())


def factors_of(number: int) -> list[int]:
    found, factor = [], 2
    while factor * factor <= number:
        if number % factor:
            factor += 1
        else:
            found.append(factor)
            number //= factor
    return [*found, number]


def answer(factors: list[int]) -> ResponseReturnValue:
    return {"factors": factors}, 200, {"X-Prime": "yes" if len(factors) == 1 else "no"}


@app.post("/factors")
@later(answer)
def factorise() -> Later[Callable[[], list[int]]]:
    number = request.form.get("number", 0, type=int)
    if not 2 <= number < 10**15:
        abort(400)
    return Later(lambda: factors_of(number))
