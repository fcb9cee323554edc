/* system.h - systems that hold rows and are no files (PostgreSQL, MySQL, SQLite, ODBC, Kafka), read and written by modules.
 *
 * system_adapter.c: parameters, opening a module, logging in; system_load.c: CREATE; system_reader.c: reading;
 * system_sink.c: COPY; system_execute.c: EXEC.
 */
#ifndef ENGINE_SYSTEM_H
#define ENGINE_SYSTEM_H

#include "engine/typed_format.h"
#include "value/system_module.h"

struct SystemFormat {
  Module *module; /* exports a SystemModule */
};

extern const Format postgres_format, mysql_format, sqlite_format, odbc_format, kafka_format;

/* The parameters of an adapter, evaluated. */
typedef struct SystemOptions {
  TypedOptions typed; /* @types, and what goes to the module; the first member, as typed_writer.c knows no other */
  const SystemFormat *format;
  SystemMode mode;
  Position mode_pos;
  const char **keys;  /* @key */
  uint32_t key_count;
} SystemOptions;

/* A module that has logged in. */
typedef struct SystemLink {
  SystemHost host; /* the first member: the module gives it back */
  Engine *engine;
  const SystemModule *module;
  System *system;
} SystemLink;
DcCode system_connect(Engine *engine, const SystemOptions *options, SystemLink **out, DcError *err) DC_MUST_CHECK;
void system_close(SystemLink *link); /* NULL is fine */

/* What CREATE has found; a LoadPlan's own. The plan's files are its partitions. */
typedef struct SystemSource {
  SystemLink *link;
  SystemPlan *plan;
  struct ArrowSchema schema; /* all columns of the plan, as a struct */
} SystemSource;

DcCode system_reader_open(Dataset *node, const ReadSpec *spec, Reader **out, DcError *err);
extern const SourceOps system_source;

#endif
