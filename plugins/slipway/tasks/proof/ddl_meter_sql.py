"""What the scratch database is asked to note of the statements that change its tables.

Postgres itself says which statement rewrites a table (``table_rewrite``), which locks a transaction
holds (``pg_locks``), and how often a table was read from its first row to its last
(``pg_stat_get_xact_numscans``). All three are the same for an empty table and a large one, so no
statement has to be understood here. Whether an UPDATE finds its rows by an index is seen as well:
the database's planner is made to take one where there is one, however small the table.

Only tables that were there before the migration count: what it made itself is empty, and nobody
waits for it. A migration file ends where goose notes its number, within the file's own transaction
if it has one.
"""

from __future__ import annotations

SCHEMA = "slipway_meter"

# Locks that keep others from writing; the last one keeps them from reading as well.
INSTALL = """
do $$ begin
  execute format('alter database %I set enable_seqscan = off', current_database());
  -- What the planner wants to avoid it takes for expensive, and worth compiling.
  execute format('alter database %I set jit = off', current_database());
end $$;
create schema slipway_meter;
create table slipway_meter.seen (
  id bigserial primary key, version bigint, kind text not null, tag text, statement text,
  relation text, locks text[]
);
-- The tables and indexes from before the migration; how the running transaction stands to them.
create table slipway_meter.old (
  relid oid primary key, tbl oid not null, filenode oid, scans bigint not null default 0,
  held_in bigint, locks text[], columns int
);

create table slipway_meter.foreign_keys (id oid primary key);

create function slipway_meter.locked() returns table (relid oid, locks text[], scans bigint)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select l.relation, array_agg(distinct l.mode), pg_stat_get_xact_numscans(l.relation)
  from pg_locks l
  where l.pid = pg_backend_pid() and l.locktype = 'relation' and l.granted
    and l.database = (select oid from pg_database where datname = current_database())
    and l.relation in (select o.relid from slipway_meter.old o where o.relid = o.tbl)
    -- Nobody but REFRESH writes into a materialized view.
    and (l.mode = 'AccessExclusiveLock'
      or not exists (select from pg_class c where c.oid = l.relation and c.relkind = 'm'))
  group by l.relation
$$;

create function slipway_meter.strong(text[]) returns text[]
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select array(select m from unnest($1) m where m in
    ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock') order by m)
$$;

-- Notes what a table has met since the last look: a lock, a scan, or a scan under a lock.
create function slipway_meter.look(within_command boolean, tag text, statement text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  one record;
  mine bigint := txid_current();
begin
  for one in
    select l.relid, slipway_meter.strong(l.locks) as locks, l.scans as now_scans,
      o.scans as old_scans, coalesce(o.held_in = mine, false) as known, o.locks as old_locks
    from slipway_meter.locked() l join slipway_meter.old o on o.relid = l.relid
  loop
    if cardinality(one.locks) > 0 then
      if within_command and one.now_scans > one.old_scans then
        insert into slipway_meter.seen (kind, tag, statement, relation, locks)
        values ('scan', tag, left(statement, 2000), one.relid::regclass::text, one.locks);
      elsif not within_command and not (one.known and one.locks <@ one.old_locks) then
        insert into slipway_meter.seen (kind, relation, locks)
        values ('lock', one.relid::regclass::text, one.locks);
      elsif not within_command and one.now_scans > one.old_scans then
        insert into slipway_meter.seen (kind, relation, locks)
        values ('held', one.relid::regclass::text, one.locks);
      end if;
    end if;
    update slipway_meter.old o set scans = one.now_scans, locks = one.locks,
      held_in = case when cardinality(one.locks) > 0 then mine end
    where o.relid = one.relid;
  end loop;
end $$;

-- Follows goose's table, where the end of each file is noted.
create function slipway_meter.follow(versions oid) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if versions is not null then
    execute format('create trigger slipway_meter after insert on %s for each row '
      'execute procedure slipway_meter.end_file()', versions::regclass);
  end if;
end $$;

create function slipway_meter.begin_command() returns event_trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform slipway_meter.look(false, null, null);
  -- What a constraint's check reads counts, whether an index would do or not.
  perform set_config('enable_seqscan', 'on', true);
end $$;

create function slipway_meter.end_command() returns event_trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  made oid;
begin
  perform slipway_meter.look(true, tg_tag, current_query());
  perform set_config('enable_seqscan', 'off', true);
  -- A foreign key's check may go by indexes, and reads every row all the same; not so where its
  -- columns come with it and are empty.
  insert into slipway_meter.seen (kind, tag, statement, relation, locks)
  select distinct 'scan', tg_tag, left(current_query(), 2000), c.conrelid::regclass::text,
    '{ShareRowExclusiveLock}'::text[]
  from pg_constraint c join slipway_meter.old o on o.relid = c.conrelid
  where c.contype = 'f' and c.convalidated
    and c.oid not in (select f.id from slipway_meter.foreign_keys f)
    and exists (select from unnest(c.conkey) k(number) join pg_attribute a
      on a.attrelid = c.conrelid and a.attnum = k.number
      where k.number <= o.columns or a.atthasdef);
  update slipway_meter.old o set columns = c.relnatts from pg_class c
  where c.oid = o.relid and c.relnatts <> o.columns;
  insert into slipway_meter.foreign_keys (id)
  select c.oid from pg_constraint c where c.contype = 'f'
    and c.oid not in (select f.id from slipway_meter.foreign_keys f);
  insert into slipway_meter.seen (kind, tag, statement, relation, locks)
  select 'rewrite', tg_tag, left(current_query(), 2000), o.relid::regclass::text,
    '{AccessExclusiveLock}'::text[]
  from slipway_meter.old o join pg_event_trigger_ddl_commands() f on f.objid = o.relid
  where tg_tag = 'REFRESH MATERIALIZED VIEW'
    and pg_relation_filenode(o.relid) is distinct from o.filenode;
  select objid into made from pg_event_trigger_ddl_commands()
  where command_tag = 'CREATE TABLE' and object_identity like '%goose_db_version';
  perform slipway_meter.follow(made);
end $$;

create function slipway_meter.rewrite() returns event_trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into slipway_meter.seen (kind, tag, statement, relation, locks)
  select 'rewrite', tg_tag, left(current_query(), 2000), o.relid::regclass::text,
    '{AccessExclusiveLock}'
  from slipway_meter.old o where o.relid = pg_event_trigger_table_rewrite_oid();
end $$;

-- Takes the tables of now for those from before the next migration.
create function slipway_meter.remember() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  delete from slipway_meter.old;
  insert into slipway_meter.old (relid, tbl, filenode, scans, columns)
  select c.oid, coalesce(i.indrelid, c.oid), pg_relation_filenode(c.oid),
    pg_stat_get_xact_numscans(c.oid), c.relnatts
  from pg_class c left join pg_index i on i.indexrelid = c.oid
  join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm', 'p', 'i') and c.relname not like 'goose\\_db\\_version%'
    and n.nspname not like 'pg\\_%' and n.nspname not in ('information_schema', 'slipway_meter');
end $$;

-- What no event tells of has a new file all the same: VACUUM FULL, CLUSTER, TRUNCATE, REINDEX.
create function slipway_meter.end_file() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform slipway_meter.look(false, null, null);
  insert into slipway_meter.seen (kind, relation, locks)
  select distinct on (o.tbl) case when o.relid = o.tbl then 'new file' else 'reindex' end,
    o.tbl::regclass::text, '{AccessExclusiveLock}'::text[]
  from slipway_meter.old o join pg_class c on c.oid = o.relid
  where pg_relation_filenode(o.relid) is distinct from o.filenode
    and not exists (select from slipway_meter.seen s where s.version is null
      and s.kind in ('rewrite', 'scan') and s.relation = o.tbl::regclass::text)
  order by o.tbl, o.relid <> o.tbl;
  update slipway_meter.seen set version = new.version_id where version is null;
  perform slipway_meter.remember();
  return new;
end $$;

-- The database may have been migrated before.
select slipway_meter.follow(oid) from pg_class
where relname = 'goose_db_version' and relkind = 'r';
select slipway_meter.remember();
insert into slipway_meter.foreign_keys (id) select oid from pg_constraint where contype = 'f';
create event trigger slipway_meter_begin on ddl_command_start
  execute procedure slipway_meter.begin_command();
create event trigger slipway_meter_end on ddl_command_end
  execute procedure slipway_meter.end_command();
create event trigger slipway_meter_rewrite on table_rewrite
  execute procedure slipway_meter.rewrite();
"""

READ = """
select coalesce(json_agg(row_to_json(s) order by s.id), '[]') from slipway_meter.seen s
where s.version is not null
"""

REMOVE = f"""
set client_min_messages = warning;
do $$ begin
  execute format('alter database %I reset enable_seqscan', current_database());
  execute format('alter database %I reset jit', current_database());
end $$;
drop schema {SCHEMA} cascade;
"""
