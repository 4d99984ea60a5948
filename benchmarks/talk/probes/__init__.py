"""What single experiments measure beside measure.py.

parts.py          independent parts: side by side in a quick run
orders.py         small loads whose outcome depends on an order
queries.py        queries in flight at PostgreSQL
the others        the rows of the experiment of that name
"""
