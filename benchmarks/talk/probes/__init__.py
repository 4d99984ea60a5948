"""What single experiments measure beside measure.py.

orders.py         small loads whose outcome depends on an order
queries.py        queries in flight at PostgreSQL
green_threads.py  the rows of the experiment `green_threads`
asyncio_today.py  the rows of the experiment `asyncio_today`
"""
