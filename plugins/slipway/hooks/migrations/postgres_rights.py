"""A right that a migration's role lacks: which one, and the statement that gives it."""

from __future__ import annotations

import re

from slipway.model.text.inert import visible

_SUPERUSER = "to be a superuser"
_BY_ONE = "-- a superuser's work, once, beforehand: "
# Nobody should be a member of these for a migration's sake.
_ADMINISTRATORS = "postgres|rdsadmin|rds_superuser|cloudsqladmin|cloudsqlsuperuser|azure_superuser"
# What Postgres says -> the right that it asks for, and what gives it. {0} and {1} are what it
# names, {role} is the role.
_RIGHTS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(said), right, cure)
    for said, right, cure in (
        (
            r'create extension "?([^"\s]+)"?',
            _SUPERUSER + ", or the extension to be there before",
            _BY_ONE + "CREATE EXTENSION {0};",
        ),
        (r"create extension", _SUPERUSER + ", or the extension to be there before", ""),
        (
            r"external program|pg_execute_server_program",
            "pg_execute_server_program",
            "GRANT pg_execute_server_program TO {role};",
        ),
        (
            r"COPY to a file|pg_write_server_files",
            "pg_write_server_files",
            "GRANT pg_write_server_files TO {role};",
        ),
        (
            r"COPY from a file|pg_read_server_files",
            "pg_read_server_files",
            "GRANT pg_read_server_files TO {role};",
        ),
        (
            r"create role|alter role|drop role|CREATEROLE",
            "CREATEROLE",
            "ALTER ROLE {role} CREATEROLE;",
        ),
        (r"create database", "CREATEDB", "ALTER ROLE {role} CREATEDB;"),
        (
            r"set parameter \"([^\"]+)\"",
            _SUPERUSER + ", or the right to set {0} (Postgres 15 and later)",
            "GRANT SET ON PARAMETER {0} TO {role};",
        ),
        (r"REPLICATION|replication", "REPLICATION", "ALTER ROLE {role} REPLICATION;"),
        (r"create event trigger", _SUPERUSER, ""),
        (r"superuser|ALTER SYSTEM|is a system trigger|access to library", _SUPERUSER, ""),
        (
            rf'(?:member of role|SET ROLE) "?({_ADMINISTRATORS})"? \(',
            "to be a member of {0}, who runs the server",
            "leave OWNER TO {0} out: what a role makes is its own",
        ),
        (
            r'must be (?:a )?member of role "?([^"]+?)"? \(',
            "to be a member of the role {0}",
            "GRANT {0} TO {role};",
        ),
        (
            r'must be able to SET ROLE "?([^"]+?)"? \(',
            "to be a member of the role {0}",
            "GRANT {0} TO {role};",
        ),
        (
            r"must be (?:the )?(?:owner|member) of (table|relation|view|sequence|index|type"
            r"|function|schema|materialized view|database|foreign table) (\S+) \(",
            "to own, or be a member of, {0} {1}",
            "ALTER {0} {1} OWNER TO {role};",
        ),
        (r"must be (?:the )?(?:owner|member) of (.*?) \(", "to own, or be a member of, {0}", ""),
        (
            r"permission denied for schema (\S+) \(",
            "a GRANT on schema {0}",
            "GRANT USAGE, CREATE ON SCHEMA {0} TO {role};",
        ),
        (
            r"permission denied for database (\S+) \(",
            "a GRANT on database {0}",
            "GRANT CREATE, CONNECT ON DATABASE {0} TO {role};",
        ),
        (
            r"permission denied for (?:table|relation|view) (\S+) \(",
            "a GRANT on table {0}",
            "GRANT SELECT, INSERT, UPDATE, DELETE, REFERENCES, TRIGGER ON {0} TO {role};",
        ),
        (
            r"permission denied for sequence (\S+) \(",
            "a GRANT on sequence {0}",
            "GRANT USAGE, SELECT, UPDATE ON SEQUENCE {0} TO {role};",
        ),
        (
            r"permission denied for (?:type|domain) (\S+) \(",
            "a GRANT on type {0}",
            "GRANT USAGE ON TYPE {0} TO {role};",
        ),
        (
            r"permission denied for language (\S+) \(",
            "a GRANT on language {0}",
            "GRANT USAGE ON LANGUAGE {0} TO {role};",
        ),
        (
            r"permission denied for tablespace (\S+) \(",
            "a GRANT on tablespace {0}",
            "GRANT CREATE ON TABLESPACE {0} TO {role};",
        ),
        (
            r"permission denied for foreign server (\S+) \(",
            "a GRANT on foreign server {0}",
            "GRANT USAGE ON FOREIGN SERVER {0} TO {role};",
        ),
        (
            r"permission denied for function (\S+) \(",
            "a GRANT on function {0}",
            "GRANT EXECUTE ON FUNCTION {0} TO {role};",
        ),
        (r"permission denied for (.*?) \(", "a GRANT on {0}", ""),
    )
)
_KINDS = {"relation": "TABLE"}
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def missing_right(sentence: str, role: str) -> tuple[str, str]:
    """Return the right that a role lacks, in words, and the statement that gives it.

    :param sentence: the server's own, which names what was denied.
    :param role: whose right it is; empty where it is not known.
    :returns: the statement is empty where none would be enough, or none is known.
    """
    quoted = identifier(role) if role else "the_role"
    for said, right, cure in _RIGHTS:
        if found := said.search(sentence):
            names = [visible(one) for one in found.groups()]
            return right.format(*names), cure.format(*_written(names), role=quoted)
    return "a right that it does not have", ""


def _written(names: list[str]) -> list[str]:
    """Write what was named as SQL takes it: an object, behind its kind where there is one."""
    *kinds, name = names or [""]
    return [*(_KINDS.get(one, one.upper()) for one in kinds), identifier(name)]


def identifier(name: str) -> str:
    """Write a name as SQL takes it."""
    return name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'
