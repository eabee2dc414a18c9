"""The revisions of the database's schema, run by Alembic: ``env.py`` says how, ``versions`` holds one module for each.

A revision's number is the schema version that it makes. `fsm_engine.storage.migrating` is how they are called.
"""
