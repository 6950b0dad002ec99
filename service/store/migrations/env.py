"""What Alembic runs: the steps that are missing, within the transaction of whoever asked."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
