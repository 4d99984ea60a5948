"""The ids of the posts of a list, found by ranges of indexes.

A channel, an author or a parent is one range. The channels of a key are a range for each, merged.
Other lists are searched in steps, and other threads run between two of them.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    TableValuedAlias,
    TextClause,
    bindparam,
    cast,
    func,
    select,
    text,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSON

from splitflap_api.contract import models
from splitflap_api.contract.formats import first_id, milliseconds
from splitflap_api.domain.access.channels import Channels
from splitflap_api.store.bulk import as_json
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import posts

#: Channels whose ranges are merged, at most. Each costs some microseconds.
MERGED = 1_000

#: Posts of one step of a search.
STEP = 2_000


def matching_ids(
    store: Store, query: models.PostQuery, channels: Channels, after: str | None
) -> list[str]:
    """The first ids of a list after a post: one more than the query's limit, if there are so many.

    A limited key sees the posts of its channels, unless the query names one.
    """
    limited = channels if query.channel is None and not channels.are_all else None
    equal = _equal(query)
    if limited and query.parent is None:
        with store.read_large() as tx:
            names = _names(tx, limited)
            if len(names) <= MERGED:
                where = [*equal.values(), *_bounds(query, after)]
                return list(tx.execute(_merged(tx, names, where, query)).scalars())
    if limited or (query.parent is not None and len(equal) > 1):
        return _searched(store, query, limited, after)
    wanted = select(posts.c.id).where(*equal.values(), *_bounds(query, after))
    with store.read_large() as tx:
        return list(tx.execute(_first(wanted, query)).scalars())


def _equal(query: models.PostQuery) -> dict[str, ColumnElement[bool]]:
    given = {"parent": query.parent, "channel": query.channel, "account": query.author}
    return {name: posts.c[name] == value for name, value in given.items() if value is not None}


def _bounds(query: models.PostQuery, after: str | None) -> Iterator[ColumnElement[bool]]:
    """Ids begin with the time of the creation."""
    if query.since is not None:
        yield posts.c.id >= first_id(milliseconds(query.since))
    if query.until is not None:
        yield posts.c.id < first_id(milliseconds(query.until))
    if after is not None:
        yield posts.c.id > after if query.order == "oldest" else posts.c.id < after


def _first(wanted: Select[Any], query: models.PostQuery, limit: int | None = None) -> Select[Any]:
    """The first rows of a selection of ids, in the order of the query."""
    [column, *_] = wanted.selected_columns
    order = column.asc() if query.order == "oldest" else column.desc()
    return wanted.order_by(order).limit(limit or query.limit + 1)


# -- the channels of a key -----------------------------------------------------------------------


def _names(tx: Connection, channels: Channels) -> set[str]:
    """The channels that a key is limited to. If there are more than MERGED, only some of them."""
    names = set(channels.names)
    for each in channels.beginnings:
        if len(names) <= MERGED:
            given = {"beginning": each, "length": len(each), "most": MERGED + 1}
            found = _channels(is_sqlite=tx.dialect.name == "sqlite")
            names.update(tx.execute(found, given).scalars())
    return names


@cache
def _channels(*, is_sqlite: bool) -> TextClause:
    """The channels of posts that begin so. Each is one search of the index, behind the last one.

    PostgreSQL's usual order is that of a language. The index is in the order of the bytes.
    """
    at_least, behind, order = (">=", ">", "ASC") if is_sqlite else ("~>=~", "~>~", "USING ~<~")
    begins = "substr(name, 1, :length) = :beginning"
    statement = f"""
        WITH RECURSIVE found(name) AS (
            SELECT (
                SELECT channel FROM posts WHERE channel {at_least} :beginning
                ORDER BY channel {order} LIMIT 1
            )
            UNION ALL
            SELECT (
                SELECT channel FROM posts WHERE channel {behind} found.name
                ORDER BY channel {order} LIMIT 1
            ) FROM found WHERE {begins}
        )
        SELECT name FROM found WHERE {begins} LIMIT :most
    """  # noqa: S608 - constants
    return text(statement)


def _merged(
    tx: Connection, names: set[str], where: list[ColumnElement[bool]], query: models.PostQuery
) -> Select[Any]:
    """The first posts of several channels.

    Only the channels with the first heads count, as many as the page has posts: each of the others
    begins behind that page. So at most the square of the limit is read of the ranges.
    """
    is_sqlite = tx.dialect.name == "sqlite"
    given: BindParameter[str] = bindparam("_names", as_json(sorted(names)))
    channel = _elements(given, is_sqlite=is_sqlite)
    own = select(posts.c.id).where(posts.c.channel == channel.c.value, *where)
    head = _first(own, query, 1).correlate(channel).scalar_subquery()
    heads = select(head.label("head"), channel.c.value.label("channel")).subquery()
    top = _first(select(heads.c.head, heads.c.channel).where(heads.c.head.is_not(None)), query)
    turn = top.subquery()
    own = _first(select(posts.c.id).where(posts.c.channel == turn.c.channel, *where), query)
    return _first(_each(turn, own.correlate(turn), is_sqlite=is_sqlite), query)


def _elements(given: Any, *, is_sqlite: bool) -> TableValuedAlias:
    """The elements of a list in JSON, as rows with a `value`."""
    if is_sqlite:
        return func.json_each(given).table_valued("value", joins_implicitly=True)
    return func.json_array_elements_text(cast(given, JSON)).table_valued("value")


def _each(turn: Subquery, own: Select[Any], *, is_sqlite: bool) -> Select[Any]:
    """The ids of `own` for each row of `turn`. SQLite knows no LATERAL, except for functions."""
    if not is_sqlite:
        ids = own.lateral()
        return select(ids.c.id).select_from(turn.join(ids, true()))
    rows = own.subquery()
    array = select(func.json_group_array(rows.c.id)).scalar_subquery()
    value = _elements(array, is_sqlite=True)
    return select(type_coerce(value.c.value, posts.c.id.type)).select_from(turn, value)


# -- in steps ------------------------------------------------------------------------------------


def _searched(
    store: Store, query: models.PostQuery, limited: Channels | None, after: str | None
) -> list[str]:
    """The posts of a range that match the rest of the query too."""
    equal = _equal(query)
    ranged = next(iter(equal.values()), true())
    found: list[str] = []
    while True:
        rows = select(posts.c.id, posts.c.channel, posts.c.account)
        # The limit keeps the rest of the query out of the choice of an index.
        step = _first(rows.where(ranged, *_bounds(query, after)), query, STEP).subquery()
        given = {"channel": query.channel, "account": query.author}
        wanted = select(step.c.id).where(*(step.c[n] == v for n, v in given.items() if v))
        if limited:
            wanted = wanted.where(limited.holds(step.c.channel))
        last = _first(select(posts.c.id).where(ranged, *_bounds(query, after)), query, 1)
        with store.read_large() as tx:
            found += tx.execute(_first(wanted, query)).scalars()
            if len(found) > query.limit:
                return found[: query.limit + 1]
            after = tx.execute(last.offset(STEP - 1)).scalar()
        if after is None:
            return found
