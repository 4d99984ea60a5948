"""What posts, previews, renders, tasks and jobs are, as changes of the database."""
