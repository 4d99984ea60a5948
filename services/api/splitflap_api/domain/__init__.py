"""Posts, previews, renders, tasks and jobs, as changes of the database."""
